"""`fbank_ast` against frozen outputs of AST's own data set class, and its own rules."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench.features.fbank_ast import FbankAst

GOLDEN = Path(__file__).parents[1] / "golden" / "features"
MEAN, DEVIATION = -4.2677393, 4.5689974  # of AudioSet, what the network scales by
FLOOR = math.log(1.1920929e-07)


@pytest.fixture(scope="module")
def golden():
    return np.load(GOLDEN / "ast_fbank.npz")


def noise(seconds, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(1, 1, round(16000 * seconds), generator=draw)


def tone(hertz):
    return 0.1 * torch.sin(2 * torch.pi * hertz * torch.arange(16000) / 16000)[None, None]


def as_written_down(wave):
    """The definition in float64, frame by frame: (frames, 128)."""
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), 400)[::160]
    frames = frames - frames.mean(1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft((frames - 0.97 * before) * np.hanning(400), 512)) ** 2

    def mel(hertz):
        return 1127 * np.log(1 + np.asarray(hertz) / 700)

    edges = np.linspace(mel(20), mel(8000), 130)
    bins, step = mel(np.arange(257) * 31.25)[:, None], edges[1] - edges[0]
    bank = np.minimum((bins - edges[:-2]) / step, (edges[2:] - bins) / step)
    return np.log(np.maximum(power @ np.maximum(bank, 0), 2.0**-23))


def test_the_bank_is_the_originals(golden):
    bank = FbankAst().bank.numpy()
    assert np.abs(bank[:256].T - golden["mel"]).max() < 2e-5
    assert not bank[256].any()  # the original has no weight for the last bin


def test_the_fbank_is_the_originals(golden):
    mono = np.load(GOLDEN / "audio.npz")["mono16"][: int(golden["n_samples"])]
    waves = torch.from_numpy(mono.astype(np.float32) / 32768.0)[None, None]
    ours = FbankAst().spectrum(waves)[0, 0].numpy()
    apart = np.abs(ours - golden["fbank"])
    assert ours.shape == golden["fbank"].shape
    # What float32 leaves of a nearly empty band depends on the order of sums: the definition in
    # float64 is 9e-4 from the original too.
    below = golden["fbank"].max(1, keepdims=True) - golden["fbank"]
    assert apart[below < 60 * math.log(10) / 10].max() < 3.4e-4
    assert apart.max() < 2e-3
    assert np.quantile(apart, 0.999) < 5e-4


def test_rows_that_pad_are_what_the_original_gives_its_network(golden):
    blank = FbankAst().blank
    scaled = (blank - MEAN) / (2 * DEVIATION)
    assert scaled == pytest.approx(0.46703, abs=1e-5)
    np.testing.assert_allclose(golden["feature"][198:], scaled, atol=1e-6)


def test_ten_seconds_are_998_frames_and_the_fourth_band_is_empty():  # H-01
    features = FbankAst()
    spectrum = features.spectrum(noise(10.0))
    assert features.frames(160000) == 998
    assert spectrum.shape == (1, 1, 998, 128)
    empty = (spectrum == torch.tensor(FLOOR)).all(2)[0, 0]
    assert empty.nonzero().flatten().tolist() == [3]


@pytest.mark.parametrize(
    "waves", [noise(2.0), tone(440.0), torch.zeros(1, 1, 16000)], ids=["noise", "tone", "silence"]
)
def test_the_fbank_is_what_is_written_down(waves):  # H-02
    ours = FbankAst().spectrum(waves)[0, 0].numpy()
    assert np.abs(ours - as_written_down(waves[0, 0].numpy())).max() < 1e-3


def test_only_full_frames_count():
    features = FbankAst()
    assert [features.frames(n) for n in (0, 100, 399, 400, 559, 560)] == [0, 0, 0, 1, 1, 2]
    with pytest.raises(ValueError, match="399 samples are less than a frame"):
        features.spectrum(torch.zeros(1, 1, 399))


def test_a_batch_in_pieces_is_each_clip_alone():
    features, waves = FbankAst(), torch.cat([noise(3.0), noise(3.0, seed=1)])
    torch.testing.assert_close(
        features.spectrum(waves)[1:], features.spectrum(waves[1:]), atol=1e-4, rtol=0
    )


def test_a_gain_in_decibels_is_a_gain_of_the_waves():
    features, waves = FbankAst(), noise(1.0)
    louder = features.gain(features.spectrum(waves), torch.tensor(6.0))
    heard = louder > FLOOR + 2.0  # all but the empty band
    expected = features.spectrum(waves * 10 ** (6 / 20))
    torch.testing.assert_close(louder[heard], expected[heard], atol=1e-3, rtol=0)
    assert float(features.gain(torch.zeros(1), torch.tensor(6.0))) == pytest.approx(
        1.3816, abs=1e-4
    )


def test_a_level_that_does_not_change_is_silence():
    features = FbankAst()
    assert features.silence() == pytest.approx(-15.942, abs=1e-3)
    constant = features.spectrum(torch.full((1, 1, 16000), 0.3))
    assert torch.all(constant == torch.tensor(features.silence()))


def test_blank_can_be_turned_off():
    assert FbankAst().blank == 0.0
    assert FbankAst(blank=False).blank is None


def test_bands_overlap_by_half_from_20_to_8000_hertz():
    features = FbankAst()
    assert features.edges(0)[0] == pytest.approx(20.0)
    assert features.edges(127)[1] == pytest.approx(8000.0)
    assert features.edges(5)[0] < features.edges(4)[1] == pytest.approx(features.edges(6)[0])


def test_features_are_float32_inside_autocast_and_nothing_is_stored():
    features, waves = FbankAst(), noise(1.0)
    plain = features.spectrum(waves)
    with torch.autocast("cpu", torch.bfloat16):
        spectrum = features.spectrum(waves.bfloat16().float())
        torch.testing.assert_close(features.spectrum(waves), plain)
    assert spectrum.dtype == torch.float32
    assert features.state_dict() == {}


def test_two_microphones_are_an_error():
    with pytest.raises(ValueError, match=r"takes \(batch, 1, samples\)"):
        FbankAst().spectrum(torch.zeros(1, 2, 16000))
