"""Frame scores cut at thresholds, class by class."""

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.metrics.events.runs import events_above
from seldbench.metrics.events.truth import detections, truth
from seldbench.metrics.psds.curves import DCASE, Scenario
from seldbench.metrics.psds.cuts import cut_counts
from seldbench.metrics.psds.intersection import Criteria, point_counts
from seldbench.metrics.psds.weighted import class_stairs, psds_of_points
from seldbench.metrics.uncertainty import Drawn, LeftOut, Whole, drawn

THRESHOLDS = np.linspace(0.01, 0.99, 50)
CRITERIA = [scenario.criteria for scenario in DCASE.values()]


def of_events(known, frames, criteria):
    return point_counts(known, detections(events_above(frames, THRESHOLDS), known), criteria)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(*(c.totals(np.eye(60)) for c in (one, other))))


def test_counts_are_those_of_the_events_above_each_threshold(synthetic):
    known, frames = synthetic.known, synthetic.predictions
    for criteria, counts in zip(CRITERIA, cut_counts(known, frames, THRESHOLDS, CRITERIA)):
        assert equal(counts, of_events(known, frames, criteria))
        assert counts.beyond is None


@pytest.mark.parametrize("name", DCASE)
@pytest.mark.parametrize("max_efpr", [2.0, 20.0, 60.0])
def test_points_beyond_max_efpr_are_not_counted_and_change_no_replicate(synthetic, name, max_efpr):
    known, frames = synthetic.known, synthetic.predictions
    scenario = Scenario(DCASE[name].criteria, DCASE[name].alpha_ct, max_efpr=max_efpr)
    (some,) = cut_counts(known, frames, THRESHOLDS, [scenario.criteria], max_efpr=max_efpr)
    every = of_events(known, frames, scenario.criteria)
    assert some.beyond.points.any()
    assert some.false.nnz < every.false.nnz
    for sample in (Whole(60), drawn(60, 20, np.random.default_rng(0)), LeftOut(60)):
        mine, theirs = (psds_of_points(known, c, scenario, sample) for c in (some, every))
        assert mine.psds == pytest.approx(theirs.psds, abs=1e-12)
        assert mine.classes == pytest.approx(theirs.classes, abs=1e-12, nan_ok=True)
    for (x, y), (all_x, all_y) in zip(*(class_stairs(known, c, scenario) for c in (some, every))):
        assert (x.tolist(), y.tolist()) == (all_x.tolist(), all_y.tolist())


@pytest.mark.parametrize("wide", [200.0, None])
@pytest.mark.parametrize("lines", [False, True])
def test_points_that_were_left_out_are_counted_where_they_matter(synthetic, wide, lines):
    known, frames, criteria = synthetic.known, synthetic.predictions, DCASE["psds2"].criteria
    (some,) = cut_counts(known, frames, THRESHOLDS, [criteria], max_efpr=2.0)
    every = of_events(known, frames, criteria)
    scenario = Scenario(criteria, 0.5, max_efpr=wide, interpolate=lines)
    values = [psds_of_points(known, c, scenario, Whole(60)).psds[0] for c in (some, every)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)
    # Clips that are sure to be beyond are not drawn.
    narrow, times = Scenario(criteria, 0.5, max_efpr=2.0, interpolate=lines), np.zeros((1, 60))
    times[0, np.argsort(-(known.counts() > 0).sum(axis=1))[:5]] = 1.0
    values = [psds_of_points(known, c, narrow, Drawn(times)).psds[0] for c in (some, every)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_a_clip_with_frames_behind_its_end_makes_no_floor_sure(events, frames):
    # The only high scores lie behind the end, where a detection is no false positive.
    row = np.zeros((12, 1))
    row[11] = 0.9
    scores = frames({f"c{i}": row for i in range(80)}, ["dog"])
    reference = events("c0 dog 1-2")
    known = truth(reference, dict.fromkeys(scores.clips, 11.0))
    (late,) = cut_counts(known, scores, THRESHOLDS, [Criteria(0.5, 0.5)], max_efpr=1.0)
    assert late.beyond is None
    longer = truth(reference, dict.fromkeys(scores.clips, 12.0))
    (inside,) = cut_counts(longer, scores, THRESHOLDS, [Criteria(0.5, 0.5)], max_efpr=1.0)
    assert inside.beyond.points[:, 0].tolist() == (THRESHOLDS < 0.9).tolist()


def test_other_clips_and_classes_without_scores_are_no_trouble(events, frames):
    scores = frames({"b": [[0.9], [0.1]], "x": [[0.9], [0.9]], "a": [[0.2], [0.6]]}, ["dog"])
    known = truth(events("a dog 1-2", "b cat 0-1"), {"a": 2.0, "b": 2.0})
    (counts,) = cut_counts(known, scores, [0.5], [Criteria(0.5, 0.5)])
    found, false, _ = counts.totals(np.ones((1, 2)))
    assert found[0, 0].tolist() == [0, 1]  # cat, dog
    assert false[0, 0].tolist() == [0, 1]
    with pytest.raises(BadFile, match=r"1 of 2 clips.*'b'"):
        cut_counts(known, scores.of_clips({"a"}), [0.5], [Criteria(0.5, 0.5)])
