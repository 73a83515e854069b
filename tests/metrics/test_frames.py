"""Average precision of frames and clips, from frame scores."""

import numpy as np
import pytest

from seldbench.metrics.events.frames import clip_rankings, clip_scores, frame_labels, frame_rankings
from seldbench.metrics.ranking import average_precision
from seldbench.metrics.sums import running_sums
from seldbench.metrics.uncertainty import Whole


def values(rankings, clips):
    return [float(average_precision(of, Whole(clips))[0]) for of in rankings]


def test_a_frame_is_true_if_its_centre_lies_in_an_event(events, frames):
    scores = frames({"z": [[0.0]], "a": [[0.0]] * 5}, ["dog"])
    reference = events("a dog 0.6-1.5", "a dog 2.5-3.0", "a dog 4.9-9", "b dog 0-9")
    assert frame_labels(reference, scores, "dog").tolist() == [0, 0, 0, 1, 0, 0]
    reference = events("a dog 0.5-1.5", "a dog 1.5-2.6")  # the offset itself is outside
    assert frame_labels(reference, scores, "dog").tolist() == [0, 1, 1, 1, 0, 0]


def test_frames_of_clips_that_are_not_asked_for_do_not_count(events, frames):
    scores = frames({"z": [[0.9], [0.9]], "a": [[0.8], [0.1]]}, ["dog"])
    reference = events("a dog 0-1", clips=("z",))
    assert values(frame_rankings(reference, scores, ["a"], ["dog"]), 1) == [1.0]
    assert values(frame_rankings(reference, scores, ["z", "a"], ["dog"]), 2) == [
        pytest.approx(1 / 3)
    ]


def test_a_clip_scores_as_its_best_frame(events, frames):
    scores = frames({"a": [[0.2], [0.7]], "b": [[0.6], [0.1]], "c": np.zeros((0, 1))}, ["dog"])
    assert clip_scores(scores, ["b", "c", "a"], ["dog"]).ravel().tolist() == [0.6, 0.0, 0.7]
    reference = events("b dog 0-1", clips=("a",))
    assert values(clip_rankings(reference, scores, ["a", "b", "c"], ["dog"]), 3) == [0.5]


def test_a_class_without_scores_is_never_found(events, frames):
    scores, reference = frames({"a": [[0.2], [0.7]]}, ["cat"]), events("a dog 0-1")
    assert values(frame_rankings(reference, scores, ["a"], ["dog"]), 1) == [0.0]
    assert values(clip_rankings(reference, scores, ["a"], ["dog"]), 1) == [0.0]


def test_equals_scikit_learn_on_the_synthetic_scores(synthetic, expected):
    golden, clips = expected["frame_scores"], synthetic.known.clips
    labels = synthetic.reference.labels
    given = synthetic.reference, synthetic.predictions, clips, labels
    for block, rankings in (
        ("frame_ap_sklearn", frame_rankings(*given)),
        ("clip_ap_sklearn", clip_rankings(*given)),
    ):
        found = values(rankings, len(clips))
        assert found == pytest.approx([golden[block]["ap"][c] for c in labels], abs=1e-9)
        assert np.mean(found) == pytest.approx(golden[block]["macro"], abs=1e-9)


@pytest.mark.parametrize("places", [0, 1, 16, 17, 32, 400, 4113])
def test_running_sums_are_those_of_numpy(places):
    table = np.random.default_rng(places).integers(-5, 9, (places, 3)).astype(float)
    assert (running_sums(table) == np.cumsum(table, axis=0)).all()
    assert (running_sums(np.asfortranarray(table)) == np.cumsum(table, axis=0)).all()
