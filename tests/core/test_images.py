"""Images of signals, and signals of images with a mixture's phase."""

import numpy as np
import pytest
import torch

from seldbench import images
from seldbench.metrics.separation import si_sdr

RATE = images.SAMPLE_RATE


def noise(samples, seed=0, level=0.1):
    return level * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


def sine(hertz, samples, level=1.0):
    return level * torch.sin(2 * torch.pi * hertz / RATE * torch.arange(samples))


def test_a_clip_of_65792_samples_is_a_square_of_256():
    assert images.frame_count(65_792) == 256
    assert images.images(noise(65_792)).shape == (256, 256)
    assert images.frame_count(511) == 0 and images.frame_count(512) == 1


def test_frames_are_those_that_remain_of_a_padded_transform_without_its_ends():
    wave = noise(5000).double()
    padded = np.pad(wave.numpy(), 256)
    window = np.hanning(513)[:-1]
    frames = np.stack([padded[i : i + 512] * window for i in range(0, len(padded) - 511, 256)])
    magnitude = np.abs(np.fft.rfft(frames)) / window.sum()
    expected = np.clip((20 * np.log10(magnitude + 1e-8) + 120) / 120, 0, 1)[1:-1, :256]
    found = images.images(wave).numpy()
    assert len(found) == 18
    assert np.allclose(found, expected[:18], atol=1e-9)


def test_a_full_scale_sine_is_6_decibels_below_an_image_of_1():
    image = images.images(sine(1000, 4096))  # bin 32
    assert image[:, 32] == pytest.approx(np.full(15, (120 + 20 * np.log10(0.5)) / 120), abs=1e-5)


def test_silence_is_0_and_nothing_leaves_0_and_1():
    assert torch.all(images.images(torch.zeros(2048)) == 0)
    loud = images.images(noise(2048, level=1e4))
    assert loud.max() == 1 and loud.min() >= 0


@pytest.mark.parametrize("samples", [512, 700, 65_792, 65_800])
def test_a_mixture_s_own_image_gives_the_mixture_back(samples):
    mixture = noise(samples)
    again = images.resynthesised(images.images(mixture), mixture)
    assert again.shape == mixture.shape
    assert torch.allclose(again, mixture, atol=1e-6)


def test_an_image_lower_by_a_twentieth_is_the_mixture_6_decibels_softer():
    mixture = noise(4096)
    softer = images.resynthesised(images.images(mixture) - 6 / 120, mixture)
    assert torch.allclose(softer, mixture * 10 ** (-6 / 20), atol=1e-6)


def test_the_ends_and_the_nyquist_frequency_take_the_gain_beside_them():
    mixture = noise(5 * 256) + sine(8000, 5 * 256 + 1)[1:]  # as well the last bin as the Nyquist's
    image = images.images(mixture)
    gain = torch.tensor([6.0, 0.0, 0.0, -6.0])[:, None] / 120
    changed = images.resynthesised(image + gain, mixture)
    assert torch.allclose(changed[:256], 10 ** (6 / 20) * mixture[:256], atol=1e-5)
    assert torch.allclose(changed[-256:], 10 ** (-6 / 20) * mixture[-256:], atol=1e-5)


def test_the_image_of_one_of_two_sounds_brings_it_forth():
    low, high = sine(300, 16_000, 0.2), sine(3000, 16_000, 0.2)
    mixture = low + high
    found = images.resynthesised(images.images(low), mixture)
    inner = slice(512, -512)  # a tone that begins at once has all frequencies
    assert si_sdr(mixture.numpy(), low.numpy()) == pytest.approx(0.0, abs=0.1)
    assert si_sdr(found.numpy()[inner], low.numpy()[inner]) > 50


def test_fewer_and_more_frames_than_the_mixture_s_are_no_error():
    mixture = noise(4096)
    image = images.images(mixture)
    lower = image - 6 / 120
    few = images.resynthesised(lower[:3], mixture)
    assert few[:512] == pytest.approx(mixture[:512] * 10 ** (-6 / 20), abs=1e-6)
    many = images.resynthesised(torch.cat([image, torch.zeros(9, 256)]), mixture)
    assert torch.allclose(many[:-512], mixture[:-512], atol=1e-6)


def test_what_is_no_image_or_too_short_is_refused_in_words():
    with pytest.raises(ValueError, match=r"an image is \(frames, 256\), not \(4, 257\)"):
        images.resynthesised(torch.zeros(4, 257), noise(2048))
    with pytest.raises(ValueError, match="511 samples are less than a frame: pad to 512"):
        images.images(noise(511))
