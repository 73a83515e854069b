"""`salsa` against frozen outputs of the original, and its parts against plain loops."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench.arrays import foa_gains
from seldbench.features import _hermitian
from seldbench.features._activity import ActiveBins, activity
from seldbench.features._stft import Spectra, centred_stft
from seldbench.features.salsa import CONDITION, CONTEXT, Compressed, Salsa
from seldbench.geometry import unit_vectors

GOLDEN = Path(__file__).parents[1] / "golden" / "features"


def noise(*shape, seed=0):
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def golden(layout):
    """The recording (1, 4, samples) and the features (7, frames, 200)."""
    arrays = np.load(GOLDEN / f"salsa_{layout}.npz")
    audio = np.load(GOLDEN / "audio.npz")[f"{layout}24"][: int(arrays["n_samples"])]
    return torch.from_numpy(audio.T.astype(np.float32) / 32768.0)[None], arrays["feature"]


def circular(features, waves):
    """All of the original's frames: 1 + samples // hop, the file's ends joined."""
    frames = centred_stft(waves, features.stft.window, features.stft.hop_samples)
    frames = torch.cat([frames[:, :, -CONTEXT:], frames, frames[:, :, :CONTEXT]], dim=2)
    real, imag = frames.real.contiguous(), frames.imag.contiguous()
    spectra = Spectra(real, imag, real.square() + imag.square())
    power = features.bands(spectra.power[:, :, CONTEXT:-CONTEXT])
    spectrum = torch.cat([power, features.directions(spectra)], dim=1)
    return features.finish(spectrum, features.statistic(spectrum))[0].numpy()


def test_foa_spectrograms_vectors_and_active_bins_are_the_originals():
    waves, theirs = golden("foa")
    ours = circular(Salsa(layout="foa", standardise="none"), waves)
    assert np.array_equal((ours[4:] != 0).any(0), (theirs[4:] != 0).any(0))
    assert np.abs(ours[:4] - theirs[:4]).max() < 0.045
    assert np.abs(ours[4:] - theirs[4:]).max() < 9.4e-5


def test_mic_spectrograms_paths_and_active_bins_are_the_originals():
    waves, theirs = golden("mic")
    ours = circular(Salsa(layout="mic", high=4000.0, standardise="none"), waves)
    assert np.array_equal((ours[4:] != 0).any(0), (theirs[4:] != 0).any(0))
    assert np.abs(ours[:4] - theirs[:4]).max() < 0.045
    turn = 512 * 343.0 / 24000 / np.arange(1, 201)  # metres
    apart = (ours[4:] - theirs[4:]) / turn
    assert np.abs((apart - apart.round()) * turn).max() < 9.4e-5


@pytest.mark.parametrize("layout", ["foa", "mic"])
def test_mirrored_ends_change_the_first_and_last_three_frames_alone(layout):
    waves, _ = golden(layout)
    features = Salsa(layout=layout)
    spectrum = features.spectrum(waves)
    frames = centred_stft(waves, features.stft.window, 300)
    real, imag = frames.real.contiguous(), frames.imag.contiguous()
    inner = features.directions(Spectra(real, imag, real.square() + imag.square()))
    assert spectrum.shape[2] == frames.shape[2] - 1
    assert torch.allclose(spectrum[:, 4:, 3:-2], inner, atol=1e-5)


@pytest.mark.parametrize("azimuth, elevation", [(0, 0), (90, 0), (30, 40), (-120, -20)])
def test_foa_vectors_point_to_the_source(azimuth, elevation):
    x, y, z = unit_vectors(azimuth, elevation)
    gains = torch.from_numpy(foa_gains(np.array([x, y, z]))).float()
    waves = (gains[:, None] * noise(24000))[None] + 1e-4 * noise(1, 4, 24000, seed=1)
    vector = Salsa().spectrum(waves)[0, 4:, :, :191].mean((1, 2))
    assert vector.numpy() == pytest.approx([y, z, x], abs=0.01)


def test_mic_paths_say_how_much_shorter_the_way_to_a_microphone_is():
    delays = [0, 1, -2, 2]
    waves = torch.stack([torch.roll(noise(24000), d) for d in delays])[None]
    metres = Salsa(layout="mic", high=4000.0).spectrum(waves)[0, 4:, 5:-5, 2:80].median(1).values
    expected = -torch.tensor(delays[1:]) * 343.0 / 24000
    assert torch.allclose(metres, expected[:, None].expand_as(metres), atol=2e-3)


def covariances(ratio, count=400):
    """Hermitian matrices of trace 1 whose first eigenvalue is `ratio` times the second, complex128
    (count, 4, 4), and their first eigenvectors (count, 4)."""
    draw = np.random.default_rng(0)
    shape = (count, 4, 4)
    basis, _ = np.linalg.qr(draw.normal(size=shape) + 1j * draw.normal(size=shape))
    values = draw.uniform(0, 1, (count, 4)) / ratio
    values[:, 0], values[:, 1] = 1.0, 1.0 / ratio
    values /= values.sum(1, keepdims=True)
    matrices = basis * values[:, None, :] @ basis.conj().transpose(0, 2, 1)
    return matrices, basis[:, :, 0]


def stacked(matrices):
    m = torch.from_numpy(matrices).to(torch.complex64)
    above = [m[:, i, j] for i, j in _hermitian.PAIRS]
    return _hermitian.Hermitian(
        tuple(m[:, i, i].real.clone() for i in range(4)),
        tuple(v.real.clone() for v in above),
        tuple(v.imag.clone() for v in above),
    )


def eighth(matrix):
    return _hermitian.square(_hermitian.square(_hermitian.square(matrix)))


def test_squares_are_products():
    matrices, _ = covariances(2.0)
    ours, theirs = _hermitian.square(stacked(matrices)), stacked(matrices @ matrices)
    for mine, right in zip(sum(ours, ()), sum(theirs, ())):
        assert torch.allclose(mine, right, atol=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 1.2, 2.0, 4.0, 4.999, 5.001, 6.0, 1e2, 1e5])
def test_a_first_eigenvalue_dominates_from_five_times_the_second_on(ratio):
    matrix = stacked(covariances(ratio)[0])
    dominates = _hermitian.dominated(matrix, eighth(matrix), CONDITION)
    assert torch.all(dominates == (ratio > 5))


@pytest.mark.parametrize("ratio", [5.001, 1e2, 1e5])
def test_principal_vectors_are_eigenvectors(ratio):
    matrices, vectors = covariances(ratio)
    real, imag = _hermitian.principal(eighth(stacked(matrices)))
    ours = torch.stack(real, 1).numpy() + 1j * torch.stack(imag, 1).numpy()
    theirs = vectors[:, 1:] * vectors[:, :1].conj()
    length = np.linalg.norm(ours, axis=1, keepdims=True)
    expected = theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
    clear = np.abs(vectors[:, 0]) > 0.1
    assert np.abs(ours / length - expected)[clear].max() < 1e-5


def test_a_covariance_is_the_mean_over_seven_frames_over_its_trace():
    x = torch.complex(noise(2, 4, 9, 5), noise(2, 4, 9, 5, seed=1))
    real, imag = x.real.contiguous(), x.imag.contiguous()
    matrix = _hermitian.covariance(real, imag, real.square() + imag.square())
    window = x[1, :, 2:9, 3]  # frame 2 of three
    right = (window @ window.T.conj()) / 7
    right = right / torch.diagonal(right).sum()
    assert matrix.diagonal[0].shape == (2, 3, 5)
    for i in range(4):
        assert matrix.diagonal[i][1, 2, 3] == pytest.approx(float(right[i, i].real), abs=1e-6)
    for at, (i, j) in enumerate(_hermitian.PAIRS):
        assert matrix.real[at][1, 2, 3] == pytest.approx(float(right[i, j].real), abs=1e-6)
        assert matrix.imag[at][1, 2, 3] == pytest.approx(float(right[i, j].imag), abs=1e-6)


def tracked(power):
    """One bin's activity, frame by frame."""
    frames = len(power)
    level = [np.sqrt(np.mean([power[t - n] for n in range(3)])) for t in range(frames)]
    floor, left, active = 0.5 * np.mean(level[:5]), 3, []
    for now in level:
        if now > floor:
            left -= 1
            floor *= 1.002 if left < 0 else 1.02
        else:
            left = 3
            floor *= 0.98
        floor = max(floor, 1e-6)
        active.append(now > 1.5 * floor)
    return active


def test_activity_follows_every_bins_own_floor():
    draw = np.random.default_rng(0)
    power = draw.exponential(size=(2, 300, 9)) * 10.0 ** draw.integers(-8, 3, (2, 300, 1))
    expected = [[tracked(power[b, :, k]) for k in range(9)] for b in range(2)]
    assert np.array_equal(activity(power), np.array(expected).transpose(0, 2, 1))


def test_windows_have_the_activity_of_their_clips():
    rule = ActiveBins(13)
    power = torch.rand(2, 4, 40, 20).square()
    statistic = rule.statistic(power)
    directions = torch.ones(2, 3, 10, 20)
    padded = torch.nn.functional.pad(statistic, (0, 6))  # beside a longer clip
    rule.apply(power, directions, padded, torch.tensor([4, 30]))
    whole = activity(power[:, 0, :, :13].numpy())
    assert statistic.dtype == torch.uint8 and statistic.shape == (2, 80)
    assert np.array_equal(directions[0, 0, :, :13] == 1, whole[0, 4:14])
    assert np.array_equal(directions[1, 2, :, :13] == 1, whole[1, 30:])
    assert torch.all(directions[..., 13:] == 0)


def test_bins_are_192_of_the_fft_and_eight_means():
    power = torch.arange(257.0)
    bins = Compressed()(power)
    assert torch.equal(bins[:192], power[1:193])
    assert bins[192:199].tolist() == [193 + 8 * n + 3.5 for n in range(7)]
    assert bins[199] == sum(range(249, 256)) / 8


def test_silence_has_no_direction():
    features = Salsa(standardise="none")
    spectrum = features.spectrum(torch.zeros(1, 4, 24000))
    assert torch.all(spectrum == 0)
    assert torch.all(features.finish(spectrum, features.statistic(spectrum))[:, 4:] == 0)


@pytest.mark.parametrize("high", [30.0, 9100.0])
def test_directions_end_within_the_single_bins(high):
    with pytest.raises(ValueError, match="between 94 and 9093 Hz"):
        Salsa(high=high)


def test_a_layout_of_one_microphone_is_an_error():
    with pytest.raises(ValueError, match="no layout of four microphones 'mono'"):
        Salsa(layout="mono")
