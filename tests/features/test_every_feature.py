"""Properties of every registered feature, in its default setting and in published others."""

import pytest
import torch

from seldbench import registry
from seldbench.arrays import channel_map
from seldbench.arrays import rotations as rotations_of
from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.geometry import IDENTITY, ROTATIONS
from seldbench.windows import BLOCK, Windowing

MICS = {"mono": 1, "foa": 4, "mic": 4, "circular8": 8, "target": 1}
SETTINGS = [(name, {}) for name in registry.names("features")] + [
    ("logmel", {"layout": "mic", "n_fft": 512, "window_samples": 480, "hop_samples": 240}),
    ("iv_dcase2022", {"top_db": 80.0, "standardise": "spectrograms"}),
    (
        "iv_unit",
        {"n_fft": 1024, "window_samples": 1024, "hop_samples": 600, "bands": 256, "low": 20.0},
    ),
    ("gcc_phat", {"window_samples": 512, "hop_samples": 300, "mel_n_fft": 512, "bands": 128}),
    ("salsa_lite", {"form": "salsa", "phase": "ipd"}),
    ("salsa", {"layout": "mic", "high": 4000.0}),
    ("logmel_panns", {"sample_rate": 32000}),
]


@pytest.fixture(
    scope="module", params=SETTINGS, ids=lambda s: "-".join([s[0], *map(str, s[1].values())])
)
def features(request):
    name, arguments = request.param
    found = registry.find("features", name)(**arguments)
    if found.fitted:
        found.fit(found.spectrum(waves) for waves in clips(found, 2.0).split(1))
    return found


def clips(features, seconds, batch=2):
    draw = torch.Generator().manual_seed(1)
    samples = round(seconds * features.sample_rate)
    loudness = torch.rand(batch, 1, samples // 400 + 1, generator=draw).repeat_interleave(400, -1)
    waves = torch.randn(batch, MICS[features.layout], samples, generator=draw)
    return waves * loudness[..., :samples]


def finished(features, waves):
    spectrum = features.spectrum(waves)
    return features.finish(spectrum, features.statistic(spectrum))


@pytest.mark.parametrize("first, last", [(0, 1.0), (0.8, 2.0), (2.2, None), (0, None)])
def test_a_windows_features_are_the_same_frames_of_the_whole_clips(features, first, last):
    hop_samples = round(features.hop * features.sample_rate)
    waves = clips(features, 3.0)
    whole = features.spectrum(waves)
    statistic = features.statistic(whole)
    whole = features.finish(whole, statistic)
    start = round(first / features.hop)
    end = waves.shape[-1] if last is None else round(last / features.hop) * hop_samples
    margin = features.margin * hop_samples

    # The clip's own padding is its mirror image: pad the clip, then cut.
    mirrored = torch.nn.functional.pad(waves, (margin, margin), mode="reflect")
    window = mirrored[..., start * hop_samples : end + 2 * margin]
    spectrum = features.spectrum(window)
    kept = spectrum[..., features.margin : spectrum.shape[-2] - features.margin, :]
    window = features.finish(kept, statistic, start)

    frames = features.frames(end - start * hop_samples)
    assert window.shape[2] == frames
    assert torch.allclose(window, whole[:, :, start : start + frames], atol=1e-5)


def test_a_long_clip_heard_block_by_block_has_the_spectrum_of_the_whole(features):
    waves = clips(features, 2.2 * BLOCK, batch=1)
    recording = Waveform(waves[0].numpy(), features.sample_rate)
    clip = Clip("long", recording.duration, {features.layout: recording})
    whole = features.spectrum(waves)
    by_block = Windowing(features, 4.8, 0.1).whole_spectrum(clip)[..., : whole.shape[-2], :]
    assert torch.allclose(by_block[..., :-4, :], whole[..., :-4, :], rtol=1e-4, atol=1e-5)


def test_frames_channels_and_bins_are_as_announced(features):
    for samples in (round(1.0 * features.sample_rate), round(1.0 * features.sample_rate) + 321):
        x = finished(features, clips(features, samples / features.sample_rate))
        assert x.shape == (2, features.channels, features.frames(samples), features.bins)


def test_a_clips_features_do_not_depend_on_its_neighbours(features):
    waves = clips(features, 1.0, batch=3)
    assert torch.allclose(finished(features, waves)[1:2], finished(features, waves[1:2]), atol=1e-5)


def test_the_spectrograms_of_silence_are_the_value_that_masks_write(features):
    mics = MICS[features.layout]
    waves = torch.zeros(1, mics, features.sample_rate)
    # One of a circle of microphones has a spectrogram, and the others their phases to it.
    spectrograms = features.spectrum(waves)[:, : 1 if features.layout == "circular8" else mics]
    # Some features add a little to every sample: far less than the smallest power of theirs, 1e-10.
    assert torch.allclose(spectrograms, torch.tensor(features.silence()), atol=1e-11)
    assert finished(features, waves).isfinite().all()


def test_no_gain_changes_nothing(features):
    spectrum = features.spectrum(clips(features, 1.0))
    assert torch.equal(features.gain(spectrum, torch.tensor(0.0)), spectrum)


def test_channels_of_lags_come_last_and_have_no_level(features):
    spectrum = features.spectrum(clips(features, 1.0))
    louder = features.gain(spectrum, torch.tensor(6.0))
    first = features.channels - features.lags

    assert 0 < first <= features.channels
    assert torch.equal(louder[:, first:], spectrum[:, first:])
    assert not torch.equal(louder[:, :first], spectrum[:, :first])


def turned(waves, layout, rotation):
    """Waves of the rotated scene."""
    order, signs = channel_map(layout, rotation)
    return waves[:, order.tolist()] * torch.tensor(signs, dtype=torch.float32)[:, None]


def test_a_rotated_spectrum_is_that_of_turned_waves_or_none(features):
    waves = clips(features, 1.5)
    spectrum = features.spectrum(waves)
    for rotation in rotations_of(features.layout):
        found = features.rotate(spectrum, rotation)
        if found is not None:
            expected = features.spectrum(turned(waves, features.layout, rotation))
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)


def test_the_identity_leaves_a_spectrum_and_no_exchange_makes_other_rotations(features):
    spectrum = features.spectrum(clips(features, 0.5))
    assert features.rotate(spectrum, IDENTITY) is spectrum
    others = set(ROTATIONS) - set(rotations_of(features.layout))
    assert all(features.rotate(spectrum, rotation) is None for rotation in others)


@pytest.mark.parametrize(
    "name, arguments, number",
    [
        ("logmel", {"layout": "foa"}, 16),
        ("logmel", {"layout": "mic"}, 8),
        ("iv_dcase2021", {}, 16),
        ("iv_dcase2022", {}, 16),
        ("iv_unit", {}, 16),
        ("salsa", {"layout": "foa"}, 16),
        ("salsa", {"layout": "mic"}, 1),  # phases wrap
        ("salsa_lite", {}, 1),
        ("gcc_phat", {}, 1),  # lags of a pair the other way round are cut at another end
        ("logmel", {"layout": "mono"}, 1),
        ("logmel_desed", {}, 1),
        # What is added to samples does not turn with them.
        ("iv_dcase2022", {"offset": 1e-3}, 2),
    ],
)
def test_how_many_rotations_features_make_of_their_channels(name, arguments, number):
    features = registry.find("features", name)(**arguments)
    spectrum = features.spectrum(clips(features, 0.5))
    found = [features.rotate(spectrum, rotation) for rotation in ROTATIONS]
    assert sum(one is not None for one in found) == number
