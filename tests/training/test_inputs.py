"""What the network hears in training: the same features as at test, up to the recording's end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench import registry
from seldbench.arrays import foa_gains
from seldbench.audio import Waveform
from seldbench.augment import SCENE, WaveMixup, WaveShift
from seldbench.contracts import Clip
from seldbench.errors import BadRecipe
from seldbench.events import Event, EventList
from seldbench.geometry import unit_vectors
from seldbench.recipe import Head
from seldbench.training.data import Batches, Labels, make_group
from seldbench.training.inputs import Hearing
from seldbench.windows import Windowing

HEADS = {"frames": Head(format="strong", loss="bce", on=["train"])}


def clips(*durations):
    draw = np.random.default_rng(0)
    waves = [0.1 * draw.standard_normal((1, round(16000 * d))) for d in durations]
    return [
        Clip(f"{n}.wav", d, {"mono": Waveform(w.astype(np.float32), 16000)}, EventList())
        for n, (d, w) in enumerate(zip(durations, waves))
    ]


def heard(of, *, scene=(), spectrum=(), window=2.0, **arguments):
    """The batch of all clips and its finished features, in the clips' order."""
    windowing = Windowing(registry.find("features", "fbank_ast")(**arguments), window, 0.1)
    group = make_group("train", len(of), of, heads=HEADS, windowing=windowing)
    form = registry.find("formats", "strong")(("dog",))
    batch = Batches([group], {"frames": Labels(form, 20, 0.1)}, windowing, seed=0)._batch(
        [(group, e) for e in group.examples], whole=False
    )
    hearing = Hearing(windowing, {"frames": form}, scene, spectrum, (), False)
    batch, inputs = hearing(batch, torch.Generator().manual_seed(0))
    return windowing, batch, inputs(batch, 0)


def test_windows_that_end_beyond_their_recordings_are_blank_there_as_at_test():
    of = clips(1.3, 2.0, 0.5)
    windowing, batch, features = heard(of)
    assert batch.heard.tolist() == [128, 198, 48]
    # A frame that reaches over the end is none: the one before the blank ends within the clip.
    assert [int(f.any(-1).sum()) for f in features[:, 0]] == [128, 198, 48]
    torch.testing.assert_close(features, windowing.whole_features(of), atol=1e-4, rtol=0)


def test_parts_of_a_batch_keep_their_ends():
    _, batch, _ = heard(clips(1.3, 2.0, 0.5, 2.0))
    assert [part.heard.tolist() for part in batch.split(2)] == [[128, 198], [48, 198]]


def test_whole_recordings_and_features_without_a_blank_need_no_ends():
    assert heard(clips(2.0, 2.0))[1].heard is None
    assert heard(clips(1.3, 2.0), blank=False)[1].heard is None


def test_a_mixed_clip_is_heard_as_long_as_the_longer_of_the_two():
    mixup = WaveMixup(groups=[["train"]], alpha=10.0)
    _, batch, features = heard(clips(1.3, 2.0), scene=[mixup])
    assert batch.heard.tolist() in ([198, 198], [128, 198])  # mixed with the other, or with itself
    assert [int(f.any(-1).sum()) for f in features[:, 0]] == batch.heard.tolist()


def test_augmentations_leave_blank_frames_blank():
    def loud(batch, features, formats, generator):
        return replace(batch, spectrum=batch.spectrum + 100.0)

    _, _, features = heard(clips(1.3, 2.0), spectrum=[loud])
    assert not features[0, :, 128:].any()
    assert float(features[0, :, :128].min()) == pytest.approx(100 - 15.942, abs=1e-3)


@pytest.mark.parametrize(("hops", "ends"), [(0, 48), (30, 78), (-30, 198), (160, 198)])
def test_a_rolled_recording_is_heard_to_its_new_end(hops, ends, monkeypatch):
    monkeypatch.setattr("seldbench.augment._draws.shifts", lambda n, *_: [hops] * n)
    _, batch, features = heard(clips(0.5), scene=[WaveShift()])
    assert batch.heard.tolist() == [ends]
    assert (features[0, 0, :ends].amax(-1) > -15).sum() > 40  # all of it, between silence
    assert not features[0, 0, ends:].any()


# --- scenes that are turned in training


def plane_waves(number=12):
    """FOA clips of 1 s with one source each, from anywhere."""
    draw = np.random.default_rng(2)
    made = []
    for n in range(number):
        doa = unit_vectors(draw.uniform(-180, 180), draw.uniform(-50, 50))
        waves = foa_gains(doa)[:, None] * 0.1 * draw.standard_normal(24000)
        recordings = {"foa": Waveform(waves.astype(np.float32), 24000)}
        made.append(Clip(f"{n}", 1.0, recordings, EventList([Event(0.0, 1.0, "dog", doa=doa)])))
    return made


@pytest.mark.parametrize("name", ["iv_dcase2021", "iv_dcase2022", "iv_unit"])
def test_the_intensity_of_turned_scenes_points_where_the_targets_of_doa_do(name):
    features = registry.find("features", name)(hop_samples=480, standardise="none")
    windowing, of = Windowing(features, 1.0, 0.1), plane_waves()
    group = make_group("train", len(of), of, heads=HEADS, windowing=windowing)
    form = registry.find("formats", "doa")(("dog",))
    batch = Batches([group], {"frames": Labels(form, 10, 0.1)}, windowing, seed=0)._batch(
        [(group, e) for e in group.examples], whole=False
    )
    hearing = Hearing(windowing, {"frames": form}, [SCENE["rotate"]()], (), (), False)
    turned, inputs = hearing(batch, torch.Generator().manual_seed(0))
    vector = inputs(turned, 0)[:, 4:].sum((2, 3))
    if name != "iv_dcase2021":  # Y, Z, X
        vector = vector[:, [2, 0, 1]]
    pointed = vector / vector.norm(dim=1, keepdim=True)
    torch.testing.assert_close(pointed, turned.targets["frames"][:, 5], rtol=0, atol=0.02)
    before = batch.targets["frames"][:, 5]
    assert (turned.targets["frames"][:, 5] - before).norm(dim=1).gt(0.1).float().mean() > 0.5


def test_microphones_that_are_heard_alone_are_not_turned():
    windowing = Windowing(registry.find("features", "logmel")(), 1.0, 0.1, each="foa")
    views = [view for clip in plane_waves(2) for view in windowing.views(clip)]
    group = make_group("train", len(views), views, heads=HEADS, windowing=windowing)
    form = registry.find("formats", "strong")(("dog",))
    batches = Batches([group], {"frames": Labels(form, 10, 0.1)}, windowing, seed=0)
    hearing = Hearing(windowing, {"frames": form}, [SCENE["rotate"]()], (), (), False)
    with pytest.raises(BadRecipe, match=r"augment\.scene: .* 'mono' cannot be rotated"):
        hearing.try_out(batches.trial())
