"""Two systems on the same clips: differences, intervals and p-values to be checked by hand."""

import numpy as np
import pytest

from seldbench.metrics.comparison import Pooled, difference, holm, p_value
from seldbench.metrics.uncertainty import drawn

CLIPS, DRAWS = 60, 500


def rng(seed=0):
    return np.random.default_rng(seed)


def pooled(*clip_scores, seed=0):
    """A system of one mean score: for every seed the scores of its clips."""
    table = np.array(clip_scores, dtype=float)
    times = drawn(table.shape[1], DRAWS, rng(seed)).times
    return Pooled(table.mean(1), (times @ table.T / table.shape[1]).mean(1))


def apart(first, second, clips=CLIPS):
    return difference(first, second, clips, rng(1))


def test_a_system_differs_from_itself_by_nothing():
    scores = rng(2).random(CLIPS)
    found = apart(pooled(scores), pooled(scores))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_the_same_seeds_in_another_order_are_the_same_system():
    """Their means differ in the last bit, which must not decide."""
    a, b, c = rng(2).random((3, CLIPS))
    found = apart(pooled(a, b, c), pooled(c, a, b))
    assert found.value == pytest.approx(0, abs=1e-15)
    assert found.p > 0.9


def test_a_constant_lead_on_every_clip_has_the_smallest_p_value_that_the_draws_can_give():
    scores = rng(2).random(CLIPS)
    found = apart(pooled(scores + 0.1), pooled(scores))
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.p == 1 / (DRAWS + 1)


def test_clips_that_are_hard_for_both_do_not_hide_a_difference():
    hardness = rng(2).normal(0, 10, CLIPS)
    slightly = rng(3).normal(0.5, 0.5, CLIPS)
    found = apart(pooled(hardness + slightly), pooled(hardness))
    assert found.low > 0
    assert found.p < 0.01


def test_swapping_the_systems_turns_the_signs_and_keeps_the_p_value():
    a, b = rng(2).normal(size=(2, CLIPS))
    one, other = apart(pooled(a), pooled(b)), apart(pooled(b), pooled(a))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert one.p == other.p


def test_the_p_value_counts_replicates_as_far_away_as_the_difference_is_from_zero():
    """Of 0.1 - 0.2, 0.1 +- 0.05 and 0.1 + 0.1 two are 0.1 or more away: (1 + 2) / (1 + 4)."""
    assert p_value(0.1, np.array([-0.1, 0.05, 0.15, 0.2]), clips=50) == pytest.approx(3 / 5)


@pytest.mark.parametrize(("clips", "least"), [(1, 1.0), (2, 0.5), (5, 2 / 32)])
def test_a_few_clips_cannot_be_more_significant_than_all_swaps_of_them_allow(clips, least):
    assert p_value(0.1, np.full(1000, 0.1), clips) == least


def test_replicates_without_a_value_are_left_out():
    first = Pooled(np.array([0.5]), np.array([0.5, np.nan, 0.5, 0.5]))
    second = Pooled(np.array([0.3]), np.array([0.3, 0.3, np.nan, 0.3]))
    found = apart(first, second)
    assert found.replicates == 2
    assert found.p == pytest.approx(1 / 3)


def test_what_one_system_does_not_determine_is_no_difference():
    nothing = Pooled(np.array([np.nan]), np.full(4, np.nan))
    found = apart(nothing, Pooled(np.array([0.3]), np.full(4, 0.3)))
    assert np.isnan([found.value, found.low, found.high, found.p]).all()


def test_holm_multiplies_the_smallest_by_all_the_next_by_one_less_and_never_falls():
    """0.01 x 4, 0.02 x 3, max(0.06, 0.03 x 2), max(0.06, 0.8 x 1)."""
    assert holm(np.array([0.03, 0.01, 0.8, 0.02])) == pytest.approx([0.06, 0.04, 0.8, 0.06])
    assert holm(np.array([0.4, 0.9])) == pytest.approx([0.8, 0.9])
    assert holm(np.array([0.7, 0.9])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([0.02])) == pytest.approx([0.02])
    assert len(holm(np.array([]))) == 0


def test_holm_does_not_count_what_has_no_p_value():
    assert holm(np.array([np.nan, 0.03, 0.02])) == pytest.approx([np.nan, 0.04, 0.04], nan_ok=True)


def test_seeds_that_agree_change_nothing():
    a, b = rng(2).normal(size=(2, CLIPS))
    alone, thrice = apart(pooled(a), pooled(b)), apart(pooled(a, a, a), pooled(b, b, b))
    assert (thrice.low, thrice.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert thrice.p == alone.p


def test_the_spread_over_seeds_widens_the_interval_and_few_seeds_widen_it_more():
    """Seeds 0.1 above and below: the mean of n has the variance 0.01 n / (n - 1) / n each."""
    a, b = 0.001 * rng(2).normal(size=(2, CLIPS))

    def width(half):
        seeds = [0.1, -0.1] * half
        found = apart(pooled(*(a + s for s in seeds)), pooled(*(b + s for s in seeds)))
        return found.high - found.low

    errors = {half: np.sqrt(2 * 0.01 / (2 * half - 1)) for half in (1, 2, 20)}
    assert width(20) == pytest.approx(2 * 1.96 * errors[20], rel=0.15)
    assert width(2) > 2 * 2.2 * errors[2]
    assert width(1) > 2 * 3.5 * errors[1]


def test_equal_systems_are_told_apart_no_more_often_than_the_level_says():
    """400 pairs of systems of the same quality: p below 0.05 in 5%, give or take two errors."""

    def p(draw):
        hard = draw.normal(size=CLIPS)
        times = drawn(CLIPS, 200, draw).times / CLIPS
        one, other = (hard + draw.normal(size=CLIPS) for _ in range(2))
        systems = [Pooled(s.mean(keepdims=True), times @ s) for s in (one, other)]
        return difference(*systems, CLIPS, draw).p

    share = np.mean([p(rng(seed)) < 0.05 for seed in range(400)])
    assert 0.028 <= share <= 0.078


def test_three_seeds_of_equal_systems_are_no_proof():
    """Seeds matter more than clips here: their mean of three must not pass for certain."""

    def p(draw):
        times = drawn(CLIPS, 200, draw).times / CLIPS
        clips = draw.normal(size=CLIPS)
        systems = []
        for _ in range(2):
            table = clips + draw.normal(0, 0.5, (3, 1)) + draw.normal(0, 0.5, CLIPS)
            systems.append(Pooled(table.mean(1), (times @ table.T).mean(1)))
        return difference(*systems, CLIPS, draw).p

    assert np.mean([p(rng(seed)) < 0.05 for seed in range(400)]) <= 0.078
