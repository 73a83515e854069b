"""Procedural sources: each sounds for as long as asked, and like its class."""

import numpy as np
import pytest

from seldbench.simulation.bank import DRAW, GROUPS, ProceduralBank, character
from seldbench.simulation.calibration import RATE
from seldbench.simulation.devices import Device, peak_filter
from seldbench.simulation.others import KINDS, Confuser
from seldbench.simulation.planning import Sound
from seldbench.simulation.rendering import at_loudness, performed
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import Signals

BANK = ProceduralBank(0)


def heard(label, seconds=2.0, group="train", count=8):
    """Sounds of the first sources of a class."""
    sources = BANK.sources(group, label)[:count]
    return [s.sound(seconds, generator(5, label, k)) for k, s in enumerate(sources)]


def centroid(wave):
    power = np.abs(np.fft.rfft(wave)) ** 2
    return (power * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / power.sum()


@pytest.mark.parametrize("label", sorted(DRAW))
@pytest.mark.parametrize("seconds", [0.25, 1.0, 6.3])
def test_a_sound_lasts_as_long_as_asked_and_ends_sounding(label, seconds):
    for wave in heard(label, seconds, count=4):
        assert len(wave) == round(seconds * RATE)
        assert np.isfinite(wave).all()
        loudest = np.abs(wave).max()
        first, last = wave[: int(0.1 * RATE)], wave[-int(0.15 * RATE) :]
        assert np.abs(first).max() > 0.01 * loudest
        assert np.abs(last).max() > 0.01 * loudest


@pytest.mark.parametrize("label", sorted(DRAW))
def test_no_pause_inside_a_phrase_or_a_steady_sound_exceeds_150_ms(label):
    if label in ("Dog", "Dishes", "Alarm_bell_ringing"):  # runs of barks, hits and beeps
        longest = 0.65
    else:
        longest = 0.15
    for wave in heard(label, 4.0):
        frame = RATE // 100
        level = np.square(wave[: len(wave) // frame * frame]).reshape(-1, frame).mean(axis=1)
        sounding = np.flatnonzero(level > level.max() * 1e-5)
        assert np.diff(sounding).max() * 0.01 <= longest


def test_alarms_lie_high_and_speech_low():
    high = np.median([centroid(w) for w in heard("Alarm_bell_ringing")])
    low = np.median([centroid(w) for w in heard("Speech")])
    assert high > 1500 > low


@pytest.mark.parametrize("label", ["Speech", "Cat", "Blender"])
def test_two_sounds_of_a_source_differ(label):
    source = BANK.sources("train", label)[0]
    first, second = (source.sound(1.0, generator(k)) for k in range(2))
    assert not np.allclose(first, second)


def test_no_source_of_one_group_is_in_another():
    for label in DRAW:
        pools = [{repr(s) for s in BANK.sources(group, label)} for group in GROUPS]
        assert not pools[0] & pools[1] and not pools[0] & pools[2] and not pools[1] & pools[2]


def test_the_leading_parameter_of_a_test_source_never_occurs_in_training():
    points = {
        group: {int(40 * character(group, generator(k))) for k in range(500)} for group in GROUPS
    }
    assert not points["train"] & points["test"]
    assert not points["train"] & points["validation"]
    assert not points["validation"] & points["test"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_confuser_makes_its_sound(kind):
    rng = generator(0, kind)
    wave = Confuser.draw(kind, 0.5, rng).sound(1.5, rng)
    assert len(wave) == 1.5 * RATE and np.abs(wave).max() > 0


def test_a_faster_sound_is_higher_and_as_long():
    class Tone:
        def sound(self, seconds, rng):
            return np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)

    wave = performed(Tone(), Sound("Cat", 0, 0.0, 1.0, 0.0, speed=1.2), generator(0))
    assert len(wave) == RATE
    assert np.argmax(np.abs(np.fft.rfft(wave))) == pytest.approx(1200, abs=2)


def test_harmonics_are_where_the_pitch_says_and_none_aliases():
    wave = Signals(RATE).harmonics(np.full(RATE, 1000.0), np.ones(40), generator(0))
    power = np.abs(np.fft.rfft(wave)) ** 2
    peaks = power[1000:8000:1000]
    assert peaks.sum() > 0.999 * power.sum()


def test_a_ring_is_a_strike_that_stops_where_a_mode_is_72_db_down():
    frequencies, decays = np.array([200.0, 900.0, 7000.0, 9000.0]), np.array([1.2, 0.4, 0.1, 0.1])
    levels = np.array([1.0, 0.5, 0.7, 0.9])
    strike = Signals(RATE).strike(generator(0), frequencies, decays, levels)
    ring = Signals(RATE).ring(generator(0), frequencies, decays, levels)
    assert np.allclose(ring, strike, atol=5e-4)
    assert np.allclose(ring[:1000], strike[:1000], atol=1e-12)


def test_loudness_is_what_was_asked_and_silence_stays_silent():
    from seldbench.simulation.loudness import loudness

    wave = at_loudness(generator(0).standard_normal(RATE), -33.0)
    assert loudness(wave, RATE) == pytest.approx(-33.0, abs=0.01)
    assert not at_loudness(np.zeros(RATE), -33.0).any()


def test_the_equaliser_has_its_gain_at_its_frequency_and_none_far_away():
    top, bottom = np.split(peak_filter(1000.0, 6.0, 1.0)[0], 2)

    def gain(frequency):
        z = np.exp(-2j * np.pi * frequency / RATE * np.arange(3))
        return 20 * np.log10(abs((top @ z) / (bottom @ z)))

    assert gain(1000) == pytest.approx(6.0)
    assert gain(60) == pytest.approx(0.0, abs=0.1)


def test_a_device_with_a_narrow_band_keeps_the_low_and_drops_the_high():
    device = Device(peaks=(), cutoff=3500.0, clipping=0.0, gain_control=0.0)
    time = np.arange(RATE) / RATE
    low, high = (device.record(np.sin(2 * np.pi * f * time)) for f in (1000, 6000))
    assert np.std(low) > 0.7
    assert np.std(high[1000:]) < 0.05
