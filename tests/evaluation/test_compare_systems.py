"""Systems compared over measures: which is better, in which scores, on which clips."""

import json

import numpy as np
import pytest

from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.evaluation.comparison.systems import compare_systems
from seldbench.evaluation.measure import Measure, Values
from seldbench.evaluation.names import lower_is_better

NAMES = tuple(f"{i:02}.wav" for i in range(40))
EASY = dict(zip(NAMES, np.random.default_rng(0).random(len(NAMES))))


def mean_of(scores, name="psds1"):
    """The measure of one system that has these {clip: score}."""
    values = np.array(list(scores.values()))

    def of(sample):
        return Values({name: sample.sums(values) / sample.weights().sum(1)})

    return Measure(tuple(scores), (), of)


def lead(by, scores=EASY):
    return {clip: score + by for clip, score in scores.items()}


def compared(systems, **options):
    """{system: {clip: score}, or a list of them, one a seed}."""
    seeds = {n: s if isinstance(s, list) else [s] for n, s in systems.items()}
    return compare_systems(
        {name: [[mean_of(one)] for one in of] for name, of in seeds.items()}, **options
    )


def test_the_same_files_under_two_names_are_not_told_apart():
    (pair,) = compared({"A": EASY, "B": EASY}).pairs
    assert (pair.difference, pair.interval, pair.p, pair.p_holm) == (0, (0, 0), 1, 1)
    assert pair.verdict == "not resolved"


def test_a_system_that_leads_on_every_clip_is_better():
    (pair,) = compared({"A": EASY, "B": lead(0.02)}).pairs
    assert (pair.first, pair.second) == ("A", "B")
    assert pair.difference == pytest.approx(-0.02)
    assert pair.p == pytest.approx(1 / 1001)
    assert pair.verdict == "B better"


def test_less_of_an_error_is_better():
    systems = {"A": [[mean_of(EASY, "er20")]], "B": [[mean_of(lead(0.02), "er20")]]}
    (pair,) = compare_systems(systems).pairs
    assert pair.verdict == "A better"


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("er20", "f20"),
        ("segment_er_micro", "segment_f1_micro"),
        ("le_cd", "lr_cd"),
        ("le_ideal_sed", "lr_ideal_doa"),
        ("seld_score", "f1_ideal_doa"),
        ("doae_cd", "psds1_thresholds"),
        ("rde_cd", "event_f1_macro"),
        ("doa_error", "frame_recall"),
        ("event_er_micro", "accuracy"),
    ],
)
def test_directions_of_the_field_s_scores(lower, higher):
    assert lower_is_better(lower)
    assert not lower_is_better(higher)


def test_a_score_of_unknown_direction_is_refused_rather_than_compared_the_wrong_way_round():
    systems = {name: [[mean_of(EASY, "goodness")]] for name in "AB"}
    with pytest.raises(UnknownName, match=r"goodness.*names\.py"):
        compare_systems(systems)


def test_p_values_of_all_pairs_are_corrected_together_and_those_of_a_baseline_among_themselves():
    noise = np.random.default_rng(1).normal(0, 0.1, (2, len(NAMES)))
    b, c = (dict(zip(NAMES, np.array(list(EASY.values())) + more)) for more in noise)
    systems = {"A": EASY, "B": b, "C": c}
    every = compared(systems).pairs
    assert [(p.first, p.second) for p in every] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert max(p.p_holm / p.p for p in every) == pytest.approx(3)
    against = compared(systems, baseline="A").pairs
    assert [(p.first, p.second) for p in against] == [("B", "A"), ("C", "A")]
    assert max(p.p_holm / p.p for p in against) == pytest.approx(2)
    assert against[0].p == every[0].p


def test_a_system_s_value_is_the_mean_over_its_seeds():
    found = compared({"A": [EASY, lead(0.1), lead(0.2)], "B": EASY})
    assert found.seeds == {"A": 3, "B": 1}
    (pair,) = found.pairs
    assert pair.difference == pytest.approx(0.1)
    assert found.values["psds1"]["A"] == pytest.approx(np.mean(list(EASY.values())) + 0.1)


def test_a_lead_within_the_spread_of_seeds_is_not_resolved_and_one_training_says_so():
    """One seed of each: resolved, for these two trainings. Two seeds that differ as much: not."""
    alone = compared({"A": EASY, "B": lead(0.02)})
    assert alone.pairs[0].better == "B"
    assert any("one seed of A, B" in note for note in alone.notes)
    seeds = compared({"A": [EASY, lead(0.04)], "B": [lead(0.02), lead(0.06)]})
    assert seeds.pairs[0].difference == pytest.approx(-0.02)
    assert seeds.pairs[0].better is None
    assert any("few seeds (A 2, B 2)" in note for note in seeds.notes)


def test_clips_are_paired_by_name_whatever_their_order():
    backwards = dict(reversed(lead(0.02).items()))
    ordered, mixed = (compared({"A": EASY, "B": b}) for b in (lead(0.02), backwards))
    assert mixed.pairs[0].interval == pytest.approx(ordered.pairs[0].interval)
    assert mixed.pairs[0].interval == pytest.approx((-0.02, -0.02))


def test_systems_on_different_clips_are_refused_by_name():
    fewer = dict(list(EASY.items())[1:])
    with pytest.raises(BadFile, match=r"psds1: B is scored on 39 clips.* 40.*'00\.wav'"):
        compared({"A": EASY, "B": fewer})


def test_only_the_clips_asked_for_count():
    late = NAMES[20:]
    bonus = {clip: EASY[clip] + (0.1 if clip in late else -0.1) for clip in NAMES}
    assert compared({"A": bonus, "B": EASY}).pairs[0].difference == pytest.approx(0)
    found = compared({"A": bonus, "B": EASY}, clips=late)
    assert found.pairs[0].difference == pytest.approx(0.1)
    assert found.clips == {"psds1": 20}


def test_scores_that_only_one_system_has_are_not_compared():
    systems = {
        "A": [[mean_of(EASY), mean_of(EASY, "accuracy")]],
        "B": [[mean_of(EASY)]],
    }
    assert {p.score for p in compare_systems(systems).pairs} == {"psds1"}
    with pytest.raises(MissingData, match="two of the systems"):
        compare_systems({"A": [[mean_of(EASY)]], "B": [[mean_of(EASY, "accuracy")]]})


def test_a_score_that_a_seed_lacks_is_left_out_with_a_note():
    both = [mean_of(EASY), mean_of(EASY, "accuracy")]
    found = compare_systems({"A": [both, [mean_of(EASY)]], "B": [both]})
    assert {p.score for p in found.pairs} == {"psds1"}
    assert any("accuracy: not every seed of A" in note for note in found.notes)


def test_of_a_score_given_twice_the_later_counts():
    twice = [mean_of(lead(0.5)), mean_of(EASY)]
    (pair,) = compare_systems({"A": [twice], "B": [[mean_of(EASY)]]}).pairs
    assert pair.difference == 0


def test_the_same_seed_draws_the_same_and_another_does_not():
    noisy = dict(zip(NAMES, np.random.default_rng(3).random(len(NAMES))))
    systems = {"A": EASY, "B": noisy}
    assert compared(systems).pairs == compared(systems).pairs
    assert compared(systems).pairs != compared(systems, seed=1).pairs


@pytest.mark.parametrize(
    ("names", "options", "error", "message"),
    [
        ("A", {}, MissingData, "two systems at least"),
        ("AB", {"baseline": "C"}, UnknownName, "no system 'C'.*A, B"),
        ("AB", {"scores": ["psds"]}, UnknownName, "'psds' .near: psds1"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(names, options, error, message):
    with pytest.raises(error, match=message):
        compared(dict.fromkeys(names, EASY), **options)


def test_a_system_without_predictions_is_refused():
    with pytest.raises(MissingData, match="B: nothing to compare"):
        compared({"A": EASY, "B": []})


def test_notes_say_when_draws_or_clips_are_too_few_for_any_verdict():
    draws = compared(dict.fromkeys("ABC", EASY), replicates=30)
    assert any("30 draws are too few for 3 pairs" in note for note in draws.notes)
    four = dict(list(EASY.items())[:4])
    few = compared({"A": four, "B": four})
    assert any("4 clips are too few" in note for note in few.notes)
    assert any("40 clips are few" in note for note in draws.notes)


def test_measures_are_taken_one_seed_at_a_time():
    alive = []

    def seeds():
        for i in range(3):
            alive.append(i)
            yield [mean_of(EASY)]
            assert alive == list(range(i + 1))

    compare_systems({"A": seeds(), "B": [[mean_of(EASY)]]})
    assert alive == [0, 1, 2]


def test_json_and_lines_carry_the_verdict():
    found = compared({"A": EASY, "B": lead(0.02)}, baseline="A")
    plain = json.loads(json.dumps(found.as_json()))
    (pair,) = plain["pairs"]
    assert pair["resolved"] is True
    assert pair["better"] == "B"
    assert plain["method"]["correction"].startswith("Holm")
    assert plain["systems"]["A"]["seeds"] == 1
    assert "B better" in found.lines()[0]
    assert any("does not show that they are equal" in line for line in found.lines())
