"""What the eight microphones hear: geometry, images and sums, diffuse noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import irfft, rfft
from scipy.signal import csd, welch

from seldbench.arrays import CIRCLE_ANGLES, CIRCLE_RADIUS
from seldbench.simulation.mixtures.files import MixtureFiles, write_wav
from seldbench.simulation.mixtures.noise import KINDS, coherence, make_noise
from seldbench.simulation.mixtures.rendering import image, image_of, images, render
from seldbench.simulation.mixtures.responses import response_of_first, responses
from seldbench.simulation.mixtures.sampling import RATE, SAMPLES, SIZE, SOUND
from seldbench.simulation.mixtures.table import Mixture, Noise, Source

DIRECTIONS = range(0, 360, 45)


def noise_burst(seed=0, samples=20_000):
    """Noise up to 6 kHz that begins and ends softly."""
    wave = np.random.default_rng(seed).standard_normal(samples)
    spectrum = rfft(wave)
    spectrum[int(6000 / RATE * samples) :] = 0
    return (0.1 * irfft(spectrum, samples) * np.hanning(samples)).astype(np.float32)


def source(azimuth, onset=20_000, samples=20_000, gain=1.0, sound="sounds/a.wav"):
    return Source("a", sound, azimuth, onset, samples, 0.0, gain)


def delays(waves, low, high):
    """Samples by which each channel is later than channel 0: the slope of its phase over a band
    that is too low for a turn."""
    bins = slice(round(low * SAMPLES / RATE), round(high * SAMPLES / RATE))
    spectra = rfft(waves.astype(np.float64))[:, bins]
    cross = spectra * spectra[0].conj()
    turn = 2 * np.pi * np.fft.rfftfreq(SAMPLES)[bins]
    weight = np.abs(cross)
    return -(weight * turn * np.angle(cross)).sum(axis=1) / (weight * turn**2).sum(axis=1)


def ahead(azimuth, radius):
    """Samples by which each microphone hears a plane wave before the circle's centre does."""
    return radius / SOUND * RATE * np.cos(np.radians(azimuth - np.array(CIRCLE_ANGLES)))


@pytest.mark.parametrize("azimuth", [*DIRECTIONS, 7, 352])
def test_delays_between_the_microphones_follow_from_the_geometry(azimuth):
    heard = images("direct", [source(azimuth)], [noise_burst()])
    early = ahead(azimuth, CIRCLE_RADIUS)
    assert delays(heard, 100, 2000) == pytest.approx(early[0] - early, abs=0.002)


def test_free_in_the_air_every_microphone_hears_the_sound_equally_loud():
    dry = noise_burst()
    power = np.square(images("direct", [source(135)], [dry]), dtype=np.float64).sum(axis=1)
    assert power == pytest.approx(np.square(dry, dtype=np.float64).sum(), rel=1e-4)


@pytest.mark.parametrize("azimuth", DIRECTIONS)
def test_on_a_head_the_nearest_microphone_is_first_and_loudest(azimuth):
    heard = images("head", [source(azimuth)], [noise_burst()])
    # Long waves bend round a rigid sphere: half as much later again as free in the air.
    early = 1.5 * ahead(azimuth, 0.09)
    assert delays(heard, 50, 200) == pytest.approx(early[0] - early, abs=0.2)
    assert delays(heard, 50, 200).argmin() == azimuth // 45
    assert np.square(heard).sum(axis=1).argmax() == azimuth // 45


def test_microphones_at_equal_angles_from_a_source_share_a_response():
    shared = [microphones for _, microphones in responses("direct", 90)]
    assert sorted(m for microphones in shared for m in microphones) == list(range(8))
    assert [1, 3] in shared and [2] in shared and [6] in shared
    assert len(responses("direct", 7)) == 8


@pytest.mark.parametrize("array", ["direct", "head"])
def test_a_direction_off_the_grid_lies_between_its_neighbours(array):
    # given the same table by steps of one degree and of 45
    on, off = response_of_first(array, 45), response_of_first(array, 46)
    below_one_khz = slice(0, SIZE * 1000 // RATE)
    assert np.abs(on - off)[below_one_khz].max() < 0.05
    assert np.abs(on - off).max() > 0


@pytest.mark.parametrize("array", ["direct", "head"])
def test_the_image_of_a_source_is_what_microphone_0_hears_of_it(array):
    given = source(225, gain=0.7)
    alone = image_of(array, given, noise_burst())
    assert alone.shape == (SAMPLES,)
    assert np.abs(alone - images(array, [given], [noise_burst()])[0]).max() < 1e-6


def test_a_sound_keeps_its_place_and_its_gain():
    dry = noise_burst()
    alone = image_of("direct", source(0, onset=12_345, gain=0.5), dry)
    assert np.linalg.norm(alone) == pytest.approx(0.5 * np.linalg.norm(dry), rel=1e-4)
    assert np.abs(alone[: 12_345 - 50]).max() < 1e-4
    assert np.abs(alone[12_345 + len(dry) + 50 :]).max() < 1e-4


@pytest.fixture
def mixture(tmp_path):
    """Two sounds over noise, as files, and their row."""
    rng = np.random.default_rng(1)
    for k in range(2):
        write_wav(tmp_path / f"sounds/{k}.wav", noise_burst(k)[None])
    write_wav(tmp_path / "noise/0.wav", 0.1 * rng.standard_normal((8, SAMPLES + 1000)))
    sources = (
        source(45, 10_000, gain=0.9, sound="sounds/0.wav"),
        source(180, 15_000, gain=0.3, sound="sounds/1.wav"),
    )
    row = Mixture("a", 0, 15.0, Noise("noise/0.wav", 500, 0.1), sources)
    return MixtureFiles(tmp_path, "direct"), row


def test_a_mixture_is_the_sum_of_its_images_and_of_its_noise(mixture):
    files, row = mixture
    heard = render(files, row)
    assert heard.shape == (8, SAMPLES) and heard.dtype == np.float32
    noise = files.noise(row.noise) * row.noise.gain
    alone = sum(image(files, one) for one in row.sources)
    assert np.abs(heard[0] - alone - noise[0]).max() < 1e-6
    apart = [render(files, replace(row, sources=(one,))) - noise for one in row.sources]
    assert np.abs(heard - sum(apart) - noise).max() < 1e-6


def test_the_noise_of_a_mixture_begins_where_the_row_says(mixture):
    files, _ = mixture
    cut = files.noise(Noise("noise/0.wav", 500, 1.0))
    whole = files.noise(Noise("noise/0.wav", 0, 1.0))
    assert np.array_equal(cut[:, : SAMPLES - 500], whole[:, 500:])


# Noise


@pytest.mark.parametrize("array", ["direct", "head"])
def test_diffuse_noise_has_the_coherence_of_a_field_from_everywhere(array):
    noise = make_noise("hall", "diffuse", array, 30 * RATE, np.random.default_rng(0))
    assert noise.shape == (8, 30 * RATE)
    for other in (1, 2, 4):
        frequency, cross = csd(noise[0], noise[other], RATE, nperseg=512)
        both = np.sqrt(
            welch(noise[0], RATE, nperseg=512)[1] * welch(noise[other], RATE, nperseg=512)[1]
        )
        found, expected = (cross / both)[4:200], coherence(frequency[4:200], array)[other]
        assert np.abs(found - expected).mean() < 0.05
        assert np.abs(found - expected).max() < 0.2


def test_a_diffuse_field_comes_from_everywhere_equally():
    # in closed form: the mean over directions of a sphere of what two microphones hear
    rng = np.random.default_rng(0)
    waves = rng.standard_normal((200_000, 3))
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    angle = np.radians(CIRCLE_ANGLES)
    places = CIRCLE_RADIUS * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    ahead = waves @ (places[0] - places[3]) / SOUND
    for frequency in (500.0, 2000.0, 5000.0):
        mean = np.exp(2j * np.pi * frequency * ahead).mean()
        assert coherence(np.array([frequency]), "direct")[3] == pytest.approx(mean.real, abs=0.01)


def test_coherent_noise_has_one_channel_for_all_microphones(tmp_path):
    noise = make_noise("babble", "coherent", "direct", SAMPLES, np.random.default_rng(0))
    assert noise.shape == (1, SAMPLES)
    write_wav(tmp_path / "noise/0.wav", noise)
    write_wav(tmp_path / "sounds/a.wav", np.zeros((1, 20_000)))
    row = Mixture("a", 0, 15.0, Noise("noise/0.wav", 0, 0.5), (source(0),))
    heard = render(MixtureFiles(tmp_path, "direct"), row)
    assert np.abs(heard).max() > 0.1
    assert np.abs(heard - heard[0]).max() == 0


def test_babble_is_brighter_and_moves_faster_than_a_hall():
    middle, rough = {}, {}
    for kind in KINDS:
        wave = make_noise(kind, "coherent", "direct", 20 * RATE, np.random.default_rng(2))[0]
        frequency, power = welch(wave, RATE, nperseg=1024)
        middle[kind] = frequency[np.searchsorted(power.cumsum(), power.sum() / 2)]
        bands = welch(wave.reshape(-1, 1600), RATE, nperseg=400)[1][:, 15:40]  # of 100 ms
        rough[kind] = np.abs(np.diff(10 * np.log10(bands.mean(axis=1)))).mean()
    assert middle["babble"] > 1.5 * middle["hall"]
    assert rough["babble"] > 1.5 * rough["hall"]


def test_noise_hangs_on_its_generator_alone():
    def made(seed):
        return make_noise("hall", "diffuse", "direct", 5000, np.random.default_rng(seed))

    assert np.array_equal(made(0), made(0))
    assert not np.allclose(made(0), made(1))
    assert np.abs(made(0)).max() == pytest.approx(0.9, rel=1e-6)
