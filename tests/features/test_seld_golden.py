"""SELD features against frozen outputs of the original extractors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench import registry

GOLDEN = Path(__file__).parents[1] / "golden" / "features"
EINV2 = {"n_fft": 1024, "window_samples": 1024, "hop_samples": 600, "bands": 256, "low": 20.0}
# golden file, recording, features, arguments; the largest differences of spectrograms (dB) and
# directions. Spectrograms without mel bands have nearly empty bins, whose decibels are rounding.
CASES = [
    ("dcase2021_foa", "foa24", "iv_dcase2021", {"top_db": 80.0}, 5e-4, 1.7e-6),
    ("dcase2022_foa", "foa24", "iv_dcase2022", {"top_db": 80.0}, 5e-4, 1.7e-6),
    ("dcase2022_mic_gcc", "mic24", "gcc_phat", {"top_db": 80.0}, 4e-4, 2.2e-5),
    ("einv2_foa", "foa24", "iv_unit", {**EINV2, "epsilon": 1.19e-7}, 0.02, 5.5e-5),
]
LITE = [
    ("dcase2022_mic_salsalite", {"form": "dcase2022"}),
    ("salsa_lite_mic", {"form": "salsa"}),
]


def waves(recording, samples):
    audio = np.load(GOLDEN / "audio.npz")[recording][:samples]
    return torch.from_numpy(audio.T.astype(np.float32) / 32768.0)[None]


def golden(name):
    """Its arrays, the features as (channels, frames, bins)."""
    arrays = dict(np.load(GOLDEN / f"{name}.npz"))
    if arrays["feature"].ndim == 2:  # (frames, channels * bins)
        frames, columns = arrays["feature"].shape
        channels = {640: 10}.get(columns, 7)
        arrays["feature"] = arrays["feature"].reshape(frames, channels, -1).transpose(1, 0, 2)
    return arrays


def differences(ours, golden):
    """Of the spectrograms and of the directions, over the frames that both have."""
    assert golden.shape[1] - ours.shape[1] in (0, 1)
    assert ours.shape[::2] == golden.shape[::2]
    apart = ours - golden[:, : ours.shape[1]]
    return apart[:4], apart[4:]


def unscaled(name, arguments, heard):
    features = registry.find("features", name)(**arguments, standardise="none")
    spectrum = features.spectrum(heard)
    return features.finish(spectrum, features.statistic(spectrum))[0].numpy()


@pytest.mark.parametrize("file, recording, name, arguments, decibels, directions", CASES)
def test_features_are_the_originals(file, recording, name, arguments, decibels, directions):
    theirs = golden(file)
    ours = unscaled(name, arguments, waves(recording, int(theirs["n_samples"])))
    spectrograms, vectors = differences(ours, theirs["feature"])
    assert np.abs(spectrograms).max() < decibels
    assert np.abs(vectors).max() < directions


@pytest.mark.parametrize("file, arguments", LITE)
def test_salsa_lite_is_the_originals_up_to_whole_turns(file, arguments):
    theirs = golden(file)
    ours = unscaled("salsa_lite", arguments, waves("mic24", int(theirs["n_samples"])))
    spectrograms, metres = differences(ours, theirs["feature"])
    n_fft, first = {"dcase2022": (1024, 2), "salsa": (512, 1)}[arguments["form"]]
    bins = np.arange(first, first + metres.shape[2])
    turns = metres * bins * 24000 / (n_fft * 343.0)
    assert np.abs(spectrograms).max() < 0.045
    assert np.quantile(np.abs(spectrograms), 0.999) < 3.2e-3
    # The phase of a nearly empty bin is rounding too.
    astray = np.abs(turns - turns.round())
    assert np.quantile(astray, 0.999) < 2e-4
    assert astray.max() < 5e-3
    kept = {"dcase2022": 85, "salsa": 42}[arguments["form"]]
    for metres in (ours[4:], theirs["feature"][4:]):
        assert np.all(metres[..., kept:] == 0) and np.any(metres[..., kept - 1] != 0)


@pytest.mark.parametrize("file, recording, name, arguments, decibels, directions", CASES[:3])
def test_the_scaling_of_two_files_is_the_originals(
    file, recording, name, arguments, decibels, directions
):
    theirs = golden(file)
    heard = waves(recording, int(theirs["n_samples"]))
    features = registry.find("features", name)(**arguments)
    features.fit(features.spectrum(w) for w in (heard, heard.flip(-1)))
    assert np.abs(features.mean.numpy().ravel() - theirs["scaler_mean"]).max() < 2e-5
    assert np.abs(features.scale.numpy().ravel() / theirs["scaler_scale"] - 1).max() < 2e-5


def test_salsa_lite_scales_its_spectrograms_as_the_original_and_constant_bins_by_one():
    theirs = golden("dcase2022_mic_salsalite")
    heard = waves("mic24", int(theirs["n_samples"]))
    features = registry.find("features", "salsa_lite")()
    features.fit(features.spectrum(w) for w in (heard, heard.flip(-1)))
    mean, scale = features.mean.numpy().ravel(), features.scale.numpy().ravel()
    of_spectrograms = slice(0, 4 * 382)
    assert np.abs(mean - theirs["scaler_mean"])[of_spectrograms].max() < 2e-3
    assert np.abs(scale / theirs["scaler_scale"] - 1)[of_spectrograms].max() < 2e-4
    constant = features.mean[4:, 0, 85:]
    assert torch.all(constant == 0) and torch.all(features.scale[4:, 0, 85:] == 1)
    assert np.all(theirs["scaler_scale"].reshape(7, 382)[4:, 85:] == 1)


def test_the_mel_bank_is_librosas():
    features = registry.find("features", "iv_dcase2022")()
    bank = np.load(GOLDEN / "dcase2022_foa.npz")["mel"]
    assert np.abs(features.bands.bank.numpy() - bank).max() < 1e-8
