"""Built-in dry sounds at 24 kHz: well formed, like their class, and of disjoint groups."""

import numpy as np
import pytest

from seldbench.errors import UnknownName
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.dry import INTERFERERS, RATE, STARSS, TNSSE, builtin_bank, level_db
from seldbench.simulation.dry.bank import DRAW
from seldbench.simulation.dry.classes import LENGTHS, LEVELS
from seldbench.simulation.dry.interferers import GENERAL, draw_general
from seldbench.simulation.seeds import generator

BANK = builtin_bank(TNSSE, 0)
EVERY = sorted({*TNSSE, *STARSS})
SAME = ("telephone", "walk, footsteps", "knock")  # other names of classes of TNSSE


def sources(label, group="train"):
    if label in INTERFERERS:
        return BANK.interferers(group)[label]
    return builtin_bank((label,), 0).sources(group, label)


def heard(label, count=4, longest=3.0, group="train"):
    """Sounds of the first sources of a class, of natural length up to `longest`."""
    for k, source in enumerate(sources(label, group)[:count]):
        rng = generator(5, label, k)
        seconds = min(round(source.length(rng), 1), longest)
        yield seconds, source.sound(seconds, rng).astype(np.float64)


def energies(wave):
    """Of the whole tenths of a second, relative to the largest."""
    found = np.square(wave[: len(wave) // 2400 * 2400]).reshape(-1, 2400).mean(axis=1)
    return found / found.max()


def pitch(wave, low, high):
    """Median over the loudest frames of the highest peak of the autocorrelation, hertz."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, 1200)[::600]
    loud = frames[np.argsort(np.square(frames).sum(axis=1))[-15:]]
    spectra = np.abs(np.fft.rfft(loud * np.hanning(1200), 4096)) ** 2
    lags = np.arange(int(RATE / high), int(RATE / low) + 1)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(1200), 4096)) ** 2)
    best = (np.fft.irfft(spectra)[:, lags] / window[lags]).argmax(axis=1)
    return float(np.median(RATE / lags[best]))


def centroid(wave):
    power = np.abs(np.fft.rfft(wave)) ** 2
    return (power * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / power.sum()


def test_the_classes_are_those_of_the_data_sets_in_the_order_of_their_indices():
    assert len(TNSSE) == 12 and len(STARSS) == 13
    assert [TNSSE[k] for k in (0, 5, 6, 9, 11)] == [
        "alarm",
        "female speech",
        "footsteps",
        "male speech",
        "piano",
    ]
    assert [STARSS[k] for k in (0, 2, 5, 8, 10, 12)] == [
        "female speech",
        "clapping",
        "domestic sounds",
        "music",
        "water tap, faucet",
        "knock",
    ]
    assert set(DRAW) == set(EVERY)
    assert set(LENGTHS) == set(LEVELS) == {*EVERY, *INTERFERERS}


@pytest.mark.parametrize("label", [*EVERY, *INTERFERERS])
def test_a_sound_has_the_length_asked_for_no_direct_current_and_a_peak_below_one(label):
    for seconds, wave in heard(label):
        assert len(wave) == round(seconds * RATE)
        assert np.isfinite(wave).all()
        assert 0.5 < np.abs(wave).max() <= 1
        assert abs(wave.mean()) < 0.01 * np.std(wave)


@pytest.mark.parametrize("label", EVERY)
def test_a_sound_of_a_class_sounds_in_its_first_and_in_its_last_tenth_of_a_second(label):
    for _, wave in heard(label, count=8):
        assert energies(wave)[0] > 1e-4
        assert energies(wave)[-1] > 1e-4


@pytest.mark.parametrize("label", [*EVERY, *INTERFERERS])
def test_natural_lengths_lie_in_the_range_of_the_class(label):
    shortest, longest = LENGTHS[label]
    found = [s.length(generator(k)) for s in sources(label)[:5] for k in range(20)]
    assert shortest <= min(found) < max(found) <= longest
    assert max(found) / min(found) > 1.5


@pytest.mark.parametrize("label", [*EVERY, *INTERFERERS])
def test_a_sound_depends_on_seed_and_names_alone(label):
    source = sources(label)[3]
    first, again, other = (source.sound(1.0, generator(k)) for k in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    twin = DRAW[label](0.3, generator(7)) if label in DRAW else None
    assert twin is None or repr(twin) == repr(DRAW[label](0.3, generator(7)))


@pytest.mark.parametrize("label", [*EVERY, *INTERFERERS])
def test_groups_share_no_source(label):
    pools = [{repr(source) for source in sources(label, group)} for group in GROUPS]
    assert all(len(pool) == len(sources(label, g)) for pool, g in zip(pools, GROUPS))
    assert not pools[0] & pools[1] and not pools[0] & pools[2] and not pools[1] & pools[2]


def test_no_voice_of_the_test_group_has_a_pitch_of_the_training_group():
    def speakers(group):
        return sorted(s.maker.speaker.pitch for s in sources("female speech", group))

    # given: stripes of a fortieth of the range of 165 to 255 Hz
    stripes = {
        group: {int(40 * np.log(p / 165) / np.log(255 / 165)) for p in speakers(group)}
        for group in GROUPS
    }
    assert not stripes["train"] & stripes["test"]
    assert not stripes["train"] & stripes["validation"]
    assert not stripes["validation"] & stripes["test"]


@pytest.mark.parametrize(
    ("label", "low", "high"),
    [
        ("female speech", 140, 300),
        ("male speech", 70, 185),
        ("female scream", 550, 1600),
        ("male scream", 290, 920),
        ("crying baby", 270, 680),
    ],
)
def test_voices_have_the_pitch_of_their_kind(label, low, high):
    found = [pitch(wave, 65, 1800) for _, wave in heard(label, count=12)]
    inside = [low < p < high for p in found]
    assert np.mean(inside) >= 0.75
    assert low < np.median(found) < high


def test_women_speak_and_scream_higher_than_men():
    for kind in ("speech", "scream"):
        women = np.median([pitch(w, 65, 1800) for _, w in heard(f"female {kind}", 10)])
        men = np.median([pitch(w, 65, 1800) for _, w in heard(f"male {kind}", 10)])
        assert women > 1.3 * men


def test_knocks_lie_low_and_crashes_high():
    low = np.median([centroid(w) for _, w in heard("knocking on door", 8)])
    high = np.median([centroid(w) for _, w in heard("crash", 8)])
    assert low < 900 < 2000 < high


def test_a_walk_has_the_pace_of_its_walker():
    for source in sources("footsteps")[:6]:
        # given: the envelope in steps of 10 ms
        wave = source.sound(8.0, generator(0)).astype(np.float64)
        envelope = np.sqrt(np.square(wave).reshape(-1, 240).mean(axis=1))
        # when: the strongest rhythm between 1.2 and 3 Hz
        spectrum = np.abs(np.fft.rfft(envelope - envelope.mean(), 8000))
        rates = np.fft.rfftfreq(8000, 0.01)
        allowed = (rates > 1.2) & (rates < 3.0)
        assert rates[allowed][spectrum[allowed].argmax()] == pytest.approx(
            source.maker.pace, rel=0.08
        )


def test_a_telephone_is_silent_between_its_rings():
    source = sources("ringing phone")[0]
    quiet = energies(source.sound(12.0, generator(0)).astype(np.float64)) < 1e-4
    assert 0.2 < quiet.mean() < 0.8


def test_bandwidth_is_that_of_24_khz():
    high = [np.abs(np.fft.rfft(w))[int(len(w) * 9 / 24) :] for _, w in heard("crash", 6)]
    assert all(np.square(part).sum() > 0 for part in high)
    for _, wave in heard("female speech", 4):
        power = np.abs(np.fft.rfft(wave)) ** 2
        above = power[int(len(wave) * 8.5 / 24) :].sum() / power.sum()
        assert above > 1e-7


def test_levels_are_spread_by_4_db_around_the_class():
    found = [level_db("female speech", generator(k)) for k in range(200)]
    assert -4 <= min(found) < -3 and 3 < max(found) <= 4
    assert level_db("female scream", generator(0)) > level_db("footsteps", generator(0)) + 10


@pytest.mark.parametrize("family", sorted(GENERAL))
def test_every_family_of_general_interferers_sounds_at_24_khz(family):
    k = list(GENERAL).index(family)
    wave = draw_general(TNSSE, k, 0.5, generator(0)).sound(1.5, generator(1))
    assert len(wave) == 1.5 * RATE and np.abs(wave).max() > 0


def test_no_domestic_machine_sounds_unlabelled_where_domestic_sounds_are_a_class():
    kinds = {
        type(s.maker).__name__ for s in builtin_bank(STARSS, 0).interferers("train")["general"]
    }
    assert "Cat" in kinds
    assert not kinds & {"Vacuum", "Blender", "Water"}


def test_an_unknown_class_or_group_is_an_error_that_names_a_near_one():
    with pytest.raises(UnknownName, match=r"'female speach' \(near: female speech"):
        builtin_bank(("female speach",), 0)
    with pytest.raises(UnknownName, match=r"'valid' \(near: validation"):
        BANK.sources("valid", "piano")


def test_names_say_what_a_bank_is_made_of():
    assert BANK.name == "builtin"
    assert BANK.labels("test") == BANK.classes == TNSSE
    assert BANK.origins()["origins"]["fire"] == "procedural"
    assert set(BANK.interferers("test")) == set(INTERFERERS)
