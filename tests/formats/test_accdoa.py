"""`accdoa`: lengths are activities; which of several sources of a class is followed."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.formats.accdoa import Accdoa
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "dog", "piano", "speech")


def at(azimuth):
    return unit_vectors(np.array(float(azimuth)), np.array(0.0))


def azimuths(targets, label="dog"):
    """Whole degrees by frame, None where the class is silent."""
    x, y, _ = targets.unflatten(-1, (3, 4))[..., CLASSES.index(label)].unbind(-1)
    degrees = torch.atan2(y, x).rad2deg().round().int().tolist()
    return [d if a or b else None for d, a, b in zip(degrees, x.tolist(), y.tolist())]


def encoded(*events, frames=8, onset=0.0, overlap="keep"):
    listed = EventList(Event(a, b, "dog", doa=at(az)) for a, b, az in events)
    form = Accdoa(CLASSES, overlap=overlap)
    return azimuths(form.encode(Clip("a", 6.0, {}, listed), onset, frames, 0.1))


def outputs(length, azimuth, frames=1):
    vectors = torch.zeros(frames, 3, 4)
    vectors[:, :, 1] = torch.as_tensor(length)[..., None] * torch.from_numpy(at(azimuth)).float()
    return vectors.flatten(1)


def test_the_layout_is_x_of_all_classes_then_y_then_z():
    doa = np.array([0.6, 0.0, -0.8])
    clip = Clip("a", 0.1, {}, EventList([Event(0.0, 0.1, "dog", doa=doa)]))
    target = Accdoa(CLASSES).encode(clip, 0.0, 1, 0.1)[0]
    assert Accdoa(CLASSES).size == 12
    np.testing.assert_allclose(target, [0, 0.6, 0, 0, 0, 0, 0, 0, 0, -0.8, 0, 0], atol=1e-7)


def test_the_source_that_began_first_is_followed_until_it_ends():
    first, second, third = (0.0, 0.4, 10), (0.2, 0.6, 20), (0.3, 0.5, 30)
    for order in ((first, second, third), (third, second, first)):
        assert encoded(*order) == [10, 10, 10, 10, 20, 20, None, None]
    # The one that outlasts it goes on, whichever it is.
    assert encoded((0.0, 0.5, 10), (0.1, 0.3, 20), (0.2, 0.8, 30)) == [10] * 5 + [30] * 3


def test_a_window_follows_the_source_that_its_clip_follows():
    sources = (0.0, 0.6, 10), (0.2, 0.8, 20)
    assert encoded(*sources, onset=0.3, frames=5) == [10, 10, 10, 20, 20]


def test_the_last_source_of_the_clips_order_can_be_taken_as_in_the_baseline():
    first, second = (0.0, 0.4, 10), (0.2, 0.6, 20)
    assert encoded(first, second, overlap="last") == [10, 10, 20, 20, 20, 20, None, None]
    assert encoded(second, first, overlap="last") == [10, 10, 10, 10, 20, 20, None, None]


def test_an_unknown_rule_is_an_error_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"no overlap 'kep'.*near: keep"):
        Accdoa(CLASSES, overlap="kep")


@pytest.mark.parametrize("overlap, winner", [("keep", 10), ("last", 20)])
def test_of_a_class_that_sounds_in_both_scenes_one_source_is_kept(overlap, winner):
    form = Accdoa(CLASSES, overlap=overlap)
    one, other = outputs(1.0, 10), outputs(1.0, 20)
    assert azimuths(form.union(one, other)) == [winner]
    assert azimuths(form.union(other, one)) == [30 - winner]


def test_a_class_is_active_where_its_vector_is_longer_than_the_threshold(post):
    length = torch.tensor([0.2, 0.5, 0.51, 0.9, 1.7, 0.5])
    prediction = Accdoa(CLASSES).decode(outputs(length, 30, 6), Clip("a", 0.6, {}), 0.1, post())
    (event,) = prediction.events
    assert (event.label, round(event.onset, 6), round(event.offset, 6)) == ("dog", 0.2, 0.5)
    assert event.source == 0
    np.testing.assert_allclose(event.doa, np.tile(at(30), (3, 1)), atol=1e-6)
    np.testing.assert_allclose(
        prediction.frame_scores[:, 1], [0.2, 0.5, 0.51, 0.9, 1.0, 0.5], atol=1e-6
    )


def test_lengths_are_median_filtered_and_directions_are_not(post):
    length = torch.tensor([0.0, 0.9, 0.9, 0.1, 0.9, 0.9, 0.0, 0.0, 0.8, 0.0])
    vectors = outputs(length, 30, 10)
    found = Accdoa(CLASSES).decode(vectors, Clip("a", 1.0, {}), 0.1, post(median=0.3))
    (event,) = found.events
    assert (round(event.onset, 6), round(event.offset, 6)) == (0.1, 0.6)
    np.testing.assert_allclose(event.doa, np.tile(at(30), (5, 1)), atol=1e-6)


def test_overlapping_windows_average_vectors_so_that_contradictions_are_shorter(post):
    form = Accdoa(CLASSES)
    merged = form.merge(torch.stack([outputs(1.0, 0), outputs(1.0, 90)]), [0, 0], 1)
    assert azimuths(merged) == [45]
    assert float(merged.norm()) == pytest.approx(2**-0.5)


def test_the_loss_is_the_mean_squared_error_of_all_values():
    targets, guess = outputs(1.0, 0), outputs(0.5, 0)
    assert float(Accdoa.losses["mse"](guess, targets)) == pytest.approx(0.25 / 12)
