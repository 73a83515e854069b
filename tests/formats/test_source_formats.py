"""`direction`, `spectrogram` and `source_class`: where, how and what the source is that is asked
for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench import images
from seldbench.audio import Waveform
from seldbench.contracts import Clip, PostProcessing
from seldbench.errors import UnknownName
from seldbench.events import Event, EventList
from seldbench.formats.direction import Direction
from seldbench.formats.source_class import SourceClass
from seldbench.formats.spectrogram import Spectrogram
from seldbench.geometry import IDENTITY, ROTATIONS, unit_vectors

CLASSES = ("bell", "dog", "horn")
SAMPLES, RATE = 10 * 256, 16000
POST = PostProcessing({}, {}, "test")
QUARTER = next(r for r in ROTATIONS if r.matrix == ((0, -1, 0), (1, 0, 0), (0, 0, 1)))


def noise(mics, samples=SAMPLES, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (mics, samples)).astype(np.float32)


def source(number, label, azimuth):
    doa = None if azimuth is None else unit_vectors(float(azimuth), 0.0)
    return Event(0.0, 0.1, label, source=number, doa=doa)


def clip(*sources, target=None, samples=SAMPLES):
    recordings = {"circular8": noise(8, samples), "target": noise(1, samples, seed=1)}
    made = {layout: Waveform(waves, RATE) for layout, waves in recordings.items()}
    return Clip("a", samples / RATE, made, EventList(sources), target=target)


TWO = clip(source(0, "dog", 90), source(1, "bell", -45), target=1)
ONLY_KNOWN_TO_BE_SILENT = Clip("empty", 1.0, {}, EventList(), frozenset())


def encoded(form, of):
    return form.encode(of, 0.0, 9, images.HOP)


def test_the_direction_is_the_target_s_or_those_of_all():
    assert encoded(Direction(CLASSES), TWO).tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert encoded(Direction(CLASSES, of="all"), TWO).tolist() == [0, 0, 1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "azimuth, count, expected",
    [(22, 8, 0), (23, 8, 1), (-22, 8, 0), (-23, 8, 7), (-180, 8, 4), (179, 8, 4), (100, 4, 1)],
)
def test_a_source_is_in_the_nearest_direction_of_the_circle(azimuth, count, expected):
    found = encoded(Direction(CLASSES, count=count), clip(source(0, "dog", azimuth), target=0))
    assert found.shape == (count,) and found.argmax() == expected and found.sum() == 1


def test_two_sources_in_one_direction_are_one_direction():
    both = clip(source(0, "dog", 90), source(1, "dog", 91))
    assert encoded(Direction(CLASSES, of="all"), both).sum() == 1


def test_the_class_is_the_target_s():
    assert encoded(SourceClass(CLASSES), TWO).tolist() == [1, 0, 0]
    assert encoded(SourceClass(CLASSES), replace(TWO, target=0)).tolist() == [0, 1, 0]


def test_the_spectrogram_is_the_image_of_the_target_s_own_recording():
    wave = torch.from_numpy(TWO.recordings["target"].read()[0])
    assert torch.equal(encoded(Spectrogram(CLASSES), TWO), images.images(wave))


def test_a_spectrogram_begins_where_its_window_does_and_is_0_beyond_the_clip():
    whole = encoded(Spectrogram(CLASSES), TWO)
    window = Spectrogram(CLASSES).encode(TWO, 4 * images.HOP, 9, images.HOP)
    assert torch.equal(window[:5], whole[4:])
    assert window[5].max() > 0  # half of it lies in the clip
    assert torch.all(window[6:] == 0)


def test_a_clip_known_to_hold_nothing_has_targets_of_zeros():
    for form in (Direction(CLASSES), Direction(CLASSES, of="all"), SourceClass(CLASSES)):
        assert torch.all(encoded(form, ONLY_KNOWN_TO_BE_SILENT) == 0)
    found = encoded(Spectrogram(CLASSES), ONLY_KNOWN_TO_BE_SILENT)
    assert found.shape == (9, 256) and torch.all(found == 0)


@pytest.mark.parametrize("form", [Direction(CLASSES), SourceClass(CLASSES)])
def test_what_asks_for_no_source_or_one_that_is_not_there_is_refused(form):
    with pytest.raises(ValueError, match=r"'a' asks for no source of its own"):
        encoded(form, replace(TWO, target=None))
    with pytest.raises(ValueError, match=r"'a' has no event of its target, source 7"):
        encoded(form, replace(TWO, target=7))
    with pytest.raises(ValueError, match=r"'a' has no event of its target, source 1"):
        encoded(form, replace(TWO, events=None))


def test_sources_without_one_direction_are_refused():
    nowhere = clip(source(0, "dog", None), target=0)
    with pytest.raises(ValueError, match=r"source 0 \(dog\) has no direction"):
        encoded(Direction(CLASSES), nowhere)
    doa = unit_vectors(np.array([0.0, 10.0]), np.zeros(2))
    moving = clip(Event(0.0, 0.1, "dog", doa=doa), target=0)
    with pytest.raises(ValueError, match="moves: it has no one direction"):
        encoded(Direction(CLASSES, of="all"), moving)
    with pytest.raises(ValueError, match="no events to encode"):
        encoded(Direction(CLASSES, of="all"), replace(TWO, events=None))


def test_other_refusals_are_in_words():
    with pytest.raises(ValueError, match="no recording of its target alone"):
        mixture = {"circular8": TWO.recordings["circular8"]}
        encoded(Spectrogram(CLASSES), replace(TWO, recordings=mixture))
    with pytest.raises(ValueError, match=r"label frames of 0\.02 s, but images have one every"):
        Spectrogram(CLASSES).encode(TWO, 0.0, 9, 0.02)
    with pytest.raises(UnknownName, match=r"'dgo'.*near: dog"):
        encoded(SourceClass(CLASSES), clip(source(0, "dgo", 0), target=0))
    with pytest.raises(ValueError, match=r"no direction of 'targets'.*near: target"):
        Direction(CLASSES, of="targets")
    with pytest.raises(ValueError, match="two directions at least"):
        Direction(CLASSES, count=1)
    with pytest.raises(ValueError, match="leave `inference"):
        Spectrogram(CLASSES).coarser(torch.zeros(9, 1, 256), 2)


def test_squared_errors_are_means_over_all_outputs():
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    guess = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    for form in (Direction, SourceClass):
        assert form.losses["mse"](guess, truth) == pytest.approx(0.125)


def test_cross_entropy_is_the_logarithm_of_the_true_one_s_probability():
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    guess = torch.tensor([[0.5, 0.5], [0.75, 0.25]])
    for form in (Direction, SourceClass):
        loss = form.losses["ce"]
        assert loss(guess, truth) == pytest.approx((np.log(2) + np.log(4)) / 2)
        assert loss(truth, truth) == 0
        assert loss(torch.tensor([[0.0, 1.0]]), truth[:1]) == pytest.approx(87.3, abs=0.1)


def test_losses_take_half_precision_and_have_gradients_where_all_is_wrong():
    for form, name in ((Direction, "bce"), (Direction, "ce"), (SourceClass, "ce")):
        guess = torch.tensor([[1e-30, 1.0]], requires_grad=True)
        with torch.autocast("cpu", torch.bfloat16):
            form.losses[name](guess, torch.tensor([[1.0, 0.0]])).backward()
        assert guess.grad[0, 0] < 0 and guess.grad.isfinite().all()
    guess = torch.full((1, 2), 0.5)
    assert Direction.losses["bce"](guess, torch.ones(1, 2)) == pytest.approx(np.log(2))


def test_the_answer_and_the_branches_have_losses_of_their_own():
    truth = torch.zeros(2, 3, 256)
    answer, first, second = (torch.full((2, 3, 256), v) for v in (0.1, 0.2, 0.4))
    outputs = torch.stack([answer, first, second], dim=2)
    losses = Spectrogram(CLASSES).losses
    assert losses["mse"](outputs, truth) == pytest.approx(0.01)
    assert losses["mse_branches"](outputs, truth) == pytest.approx((0.04 + 0.16) / 2)
    with pytest.raises(ValueError, match="no branches: take the loss `mse`"):
        losses["mse_branches"](outputs[:, :, :1], truth)


def test_windows_become_one_clip():
    windows = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    assert torch.allclose(Direction(CLASSES).merge(windows, [0, 5], 9), torch.tensor([0.4, 0.6]))
    every = Direction(CLASSES, of="all").merge(windows, [0, 5], 9)
    assert torch.equal(every, torch.tensor([0.6, 0.8]))
    assert torch.allclose(SourceClass(CLASSES).merge(windows, [0, 5], 9), windows.mean(0))
    images_ = torch.stack([torch.full((4, 1, 256), v) for v in (0.2, 0.6)])
    merged = Spectrogram(CLASSES).merge(images_, [0, 2], 6)
    assert merged.shape == (6, 1, 256)
    assert merged[:, 0, 0].tolist() == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.6, 0.6])


def test_scenes_that_sound_at_once_ask_for_both():
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    for form in (Direction(CLASSES), SourceClass(CLASSES), Spectrogram(CLASSES)):
        assert torch.equal(form.union(one, other), torch.ones(1, 2))


def test_a_roll_in_time_moves_images_alone():
    image = torch.rand(2, 9, 256)
    assert torch.equal(Spectrogram(CLASSES).shift(image, 2)[:, 2:], image[:, :-2])
    flat = torch.rand(2, 8)
    assert Direction(CLASSES).shift(flat, 2) is flat and SourceClass(CLASSES).shift(flat, 2) is flat


def test_a_quarter_turn_moves_directions_by_two_of_eight():
    found = encoded(Direction(CLASSES, of="all"), TWO)
    turned = clip(source(0, "dog", 180), source(1, "bell", 45), target=1)
    rotated = Direction(CLASSES).rotate_targets(found[None], QUARTER)[0]
    assert torch.equal(rotated, encoded(Direction(CLASSES, of="all"), turned))
    assert torch.equal(Direction(CLASSES).rotate(found, IDENTITY), found)
    back = Direction(CLASSES).rotate(rotated, QUARTER.inverse)
    assert torch.equal(back, found)
    with pytest.raises(ValueError, match="a circle of 6 directions is another one when turned"):
        Direction(CLASSES, count=6).rotate(torch.zeros(6), QUARTER)


def test_decoding_says_scores_of_directions_and_of_the_class_and_decides_nothing():
    said = Direction(CLASSES).decode(torch.arange(8.0), TWO, images.HOP, POST)
    assert said.direction_scores.tolist() == list(range(8)) and said.clip_scores is None
    said = SourceClass(CLASSES).decode(torch.tensor([0.1, 0.7, 0.2]), TWO, images.HOP, POST)
    assert said.clip_scores == pytest.approx([0.1, 0.7, 0.2]) and said.events is None


@pytest.mark.parametrize("samples", [SAMPLES, SAMPLES + 100])
def test_a_signal_has_the_mixture_s_phase_and_the_answer_s_level(samples):
    mixed = clip(source(0, "dog", 0), target=0, samples=samples)
    mixture = mixed.recordings["circular8"].read()[0]
    own = images.images(torch.from_numpy(mixture))
    outputs = torch.stack([own - 6 / 120, torch.zeros_like(own)], dim=1)  # the answer, a branch
    said = Spectrogram(CLASSES).decode(outputs, mixed, images.HOP, POST)
    assert list(said.sources) == [0] and said.sources[0].dtype == np.float32
    assert said.sources[0] == pytest.approx(mixture * 10 ** (-6 / 20), abs=1e-5)


def test_a_mixture_of_another_rate_is_separated_at_16_khz():
    recordings = {
        "target": Waveform(noise(1, 3840), 24000),
        "mono": Waveform(noise(1, 3840), 24000),
    }
    slow = Clip("a", 0.16, recordings, target=0)
    found = Spectrogram(CLASSES).decode(torch.zeros(9, 1, 256), slow, images.HOP, POST)
    assert found.sources[0].shape == (2560,)
    with pytest.raises(ValueError, match="no recording of the mixture"):
        alone = replace(slow, recordings={"target": recordings["target"]})
        Spectrogram(CLASSES).decode(torch.zeros(9, 1, 256), alone, images.HOP, POST)
