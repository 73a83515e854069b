"""What is said of whole clips: spectra made once, views averaged, fine frames brought to a grid."""

import numpy as np
import pytest
import torch
from torch import nn

from seldbench import registry
from seldbench.arrays import CHANNELS, rotations
from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.inference.outputs import Listener
from seldbench.windows import Windowing

CLASSES = ("hiss", "hum")
RATE = 24000
CPU = torch.device("cpu")


def noise_clip(seconds, layout, seed=0):
    draw = np.random.default_rng(seed)
    waves = 0.1 * draw.standard_normal((CHANNELS[layout], round(seconds * RATE)))
    loud = np.repeat(draw.uniform(0.1, 1.0, (1, waves.shape[1] // 1200 + 1)), 1200, axis=1)
    waves *= loud[:, : waves.shape[1]]
    return Clip(f"noise{seed}", seconds, {layout: Waveform(waves.astype(np.float32), RATE)})


class Ears(nn.Module):
    """Means of a few feature frames, mixed by fixed weights: (batch, label frames, size)."""

    def __init__(self, features, size, pool=5):
        super().__init__()
        self.pool, self.heard = pool, []
        draw = torch.Generator().manual_seed(0)
        width = features.channels * features.bins
        self.weights = torch.randn(width, size, generator=draw) / width**0.5

    def forward(self, features):
        self.heard.append(len(features))
        frames = features.transpose(1, 2).flatten(2).unflatten(1, (-1, self.pool)).mean(2)
        return {"frames": (frames @ self.weights).tanh()}


def make_features(name, **arguments):
    features = registry.find("features", name)(**arguments)
    waves = torch.from_numpy(noise_clip(4.0, features.layout, 9).recordings[features.layout].read())
    features.fit([features.spectrum(waves[None])])
    return features


def make_listener(features, *, form="accdoa", pool=5, stride=1, each=None, **others):
    windowing = Windowing(features, 1.0, pool * features.hop, stride, each)
    made = registry.find("formats", form)(CLASSES)
    network = Ears(features, made.size, pool)
    frames = windowing.frames // pool
    return Listener(network, windowing, {"frames": made}, 0.5, frames, CPU, **others)


def said(listener, *clips):
    return [outputs["frames"] for _, outputs in listener(clips)]


def counted(features, monkeypatch):
    """How often the transform runs, as a list that grows."""
    calls, spectrum = [], features.spectrum

    def count(waves):
        calls.append(tuple(waves.shape))
        return spectrum(waves)

    monkeypatch.setattr(features, "spectrum", count)
    return calls


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("iv_dcase2021", {}),
        ("iv_dcase2022", {"top_db": 80.0}),
        ("iv_unit", {"hop_samples": 480}),
        ("logmel", {"layout": "mic"}),
    ],
)
def test_turned_views_come_of_one_spectrum_and_are_those_of_turned_waves(
    name, arguments, monkeypatch
):
    features = make_features(name, **arguments)
    turned = rotations(features.layout)
    listener = make_listener(features, rotations=turned)
    clip = noise_clip(3.2, features.layout)
    calls = counted(features, monkeypatch)
    (of_channels,) = said(listener, clip)
    assert len(turned) in (8, 16)
    assert len(calls) == 1

    # Where features cannot exchange channels, waves are turned: one spectrum a rotation.
    own = features.rotate
    monkeypatch.setattr(features, "rotate", lambda s, r: own(s, r) if r == turned[0] else None)
    (of_waves,) = said(listener, clip)
    assert len(calls) == 1 + len(turned)
    torch.testing.assert_close(of_channels, of_waves, rtol=0, atol=1e-5)
    (unturned,) = said(make_listener(features), clip)
    assert not torch.allclose(of_channels, unturned, atol=1e-3)


def test_a_clip_longer_than_a_block_is_transformed_block_by_block_and_no_more(monkeypatch):
    features = make_features("iv_dcase2022")
    listener = make_listener(features, rotations=rotations("foa"))
    calls = counted(features, monkeypatch)
    said(listener, noise_clip(23.0, "foa"))
    assert len(calls) == 3


def test_features_that_cannot_exchange_channels_hear_turned_waves(monkeypatch):
    features = make_features("gcc_phat")
    listener = make_listener(features, rotations=rotations("mic"))
    calls = counted(features, monkeypatch)
    (found,) = said(listener, noise_clip(1.7, "mic"))
    assert len(calls) == 8
    assert found.shape == (17, 6)


def test_clips_that_share_a_batch_are_heard_as_alone():
    listener = make_listener(make_features("iv_dcase2022"), rotations=rotations("foa"))
    clips = [noise_clip(seconds, "foa", n) for n, seconds in enumerate((1.0, 0.6, 2.3, 0.8))]
    for clip, together in zip(clips, said(listener, *clips)):
        torch.testing.assert_close(together, said(listener, clip)[0], rtol=0, atol=1e-5)


def test_a_network_is_given_no_more_windows_at_once_than_a_batch():
    listener = make_listener(make_features("iv_dcase2022"), batch=4)
    said(listener, noise_clip(6.0, "foa"))
    assert listener.network.heard == [4, 4, 3]


def test_the_answer_of_microphones_heard_alone_is_their_mean(monkeypatch):
    features = make_features("logmel")
    clip = noise_clip(2.4, "mic")
    listener = make_listener(features, form="strong", each="mic")
    calls = counted(features, monkeypatch)
    ((same, outputs),) = listener([clip])
    assert same is clip
    assert len(calls) == 4

    waves = clip.recordings["mic"].read()
    alone = [Clip(str(m), 2.4, {"mono": Waveform(waves[m : m + 1], RATE)}) for m in range(4)]
    each = torch.stack(said(make_listener(features, form="strong"), *alone))
    torch.testing.assert_close(outputs["frames"], each.mean(0), rtol=0, atol=1e-6)
    assert float((each - each.mean(0)).abs().max()) > 1e-3


@pytest.mark.parametrize("seconds, frames", [(4.0, 40), (0.7, 7)])
@pytest.mark.parametrize("pool, stride", [(5, 2), (2, 5)])
def test_fine_label_frames_are_merged_and_then_brought_to_the_grid(pool, stride, seconds, frames):
    """Of features every 10 ms: frames of 50 or 20 ms make frames of 100 ms."""
    features = make_features("logmel", window_samples=480, hop_samples=240)
    clip = noise_clip(seconds, "mono")
    (fine,) = said(make_listener(features, form="doa", pool=pool), clip)
    (brought,) = said(make_listener(features, form="doa", pool=pool, stride=stride), clip)
    assert brought.shape == (frames, 6)
    expected = fine.unflatten(0, (frames, stride)).mean(1)
    torch.testing.assert_close(brought, expected, rtol=0, atol=1e-6)


def test_the_last_part_of_a_frame_is_a_frame_of_the_grid_too():
    features = make_features("logmel", window_samples=480, hop_samples=240)
    listener = make_listener(features, form="strong", pool=2, stride=5)
    assert len(said(listener, noise_clip(3.03, "mono"))[0]) == 31


def test_windows_of_thirds_of_a_frame_begin_on_the_grid():
    features = make_features("logmel", window_samples=480, hop_samples=240)
    windowing = Windowing(features, 3.0, 3.0 / 90, 3)
    onsets = windowing.onsets(60.0, 0.5)
    assert onsets == pytest.approx(np.arange(0.0, 57.01, 0.5))
    assert windowing.onsets(7.25, 3.0) == pytest.approx([0.0, 3.0, 4.3])
