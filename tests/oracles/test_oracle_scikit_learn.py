"""Average precision and ROC area: ours and scikit-learn's, weighted as replicates weigh clips."""

import numpy as np
import pytest

from seldbench.metrics.events.frames import frame_rankings
from seldbench.metrics.ranking import average_precision, ranking, roc_area
from seldbench.metrics.uncertainty import Drawn, LeftOut, Whole, drawn

sklearn = pytest.importorskip(
    "sklearn.metrics", reason="scikit-learn is absent; see `make oracles`"
)


def items_of(seed):
    """Scores (with ties, on few levels), labels, owners and the number of clips."""
    rng = np.random.default_rng([13, seed])
    clips, size = int(rng.integers(1, 9)), int(rng.integers(1, 200))
    levels = rng.choice([1, 2, 7, 50, 10**6])
    labels = rng.random(size) < rng.choice([0.02, 0.3, 0.9])
    scores = np.round((rng.random(size) + 0.4 * labels) * levels) / levels
    return scores, labels, rng.integers(0, clips, size), clips, rng


def agrees(ranked, sample, items, where):
    """Both scores of every replicate, where scikit-learn defines them; how many were compared."""
    scores, labels, owner = items
    precision, area = average_precision(ranked, sample), roc_area(ranked, sample)
    compared = 0
    for row, weights in enumerate(sample.weights()):
        weight = weights[owner]
        counts = weight > 0
        true, false = labels[counts].any(), (~labels[counts]).any()
        if true:
            given = sklearn.average_precision_score(labels, scores, sample_weight=weight)
            assert precision[row] == pytest.approx(given, abs=1e-12), where
        else:
            assert np.isnan(precision[row]), where
        if true and false:
            given = sklearn.roc_auc_score(
                labels[counts], scores[counts], sample_weight=weight[counts]
            )
            assert area[row] == pytest.approx(given, abs=1e-12), where
        else:
            assert np.isnan(area[row]), where
        compared += true and false
    return compared


def test_average_precision_and_roc_area_equal_scikit_learn():
    compared = 0
    for seed in range(500):
        scores, labels, owner, clips, _ = items_of(seed)
        ranked = ranking(scores, labels, owner, clips)
        compared += agrees(ranked, Whole(clips), (scores, labels, owner), f"seed {seed}")
    assert compared > 250


@pytest.mark.parametrize("kind", ["bootstrap", "jackknife", "a clip five times"])
def test_replicates_equal_scikit_learn_with_their_weights(kind):
    compared = 0
    for seed in range(1000, 1200):
        scores, labels, owner, clips, rng = items_of(seed)
        if kind == "jackknife":
            sample = LeftOut(clips)
        elif kind == "bootstrap":
            sample = drawn(clips, 5, rng)
        else:
            sample = Drawn(np.eye(clips)[:1] * 4 + 1)
        ranked = ranking(scores, labels, owner, clips)
        compared += agrees(ranked, sample, (scores, labels, owner), f"seed {seed}")
    assert compared > 60


def test_average_precision_of_frames_equals_scikit_learn(score_scene):
    # A frame is true where its centre lies in [onset, offset) of an event of the class.
    for seed in range(2000, 2200):
        case, frames = score_scene(seed)
        events, clips = case.reference, case.reference.clips
        centre = (frames.onset + frames.offset) / 2
        clip = np.repeat(np.array(frames.clips, dtype=object), np.diff(frames.start))
        for label, ranked in zip(
            events.labels, frame_rankings(events, frames, clips, events.labels)
        ):
            true = np.zeros(len(centre), dtype=bool)
            for i in np.flatnonzero(events.label == label):
                inside = (events.onset[i] <= centre) & (centre < events.offset[i])
                true |= inside & (clip == events.clip[i])
            value = average_precision(ranked, Whole(len(clips)))[0]
            if true.any():
                scores = frames.scores[:, frames.classes.index(label)]
                given = sklearn.average_precision_score(true, scores)
                assert value == pytest.approx(given, abs=1e-12), f"seed {seed}, {label}"
            else:
                assert np.isnan(value), f"seed {seed}, {label}"
