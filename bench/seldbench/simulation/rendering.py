"""From a clip's plan to its waveform."""

from functools import lru_cache

import numpy as np
import soxr
from scipy.fft import irfft, next_fast_len, rfft

from seldbench.simulation.bank import Bank, Source, character
from seldbench.simulation.calibration import RATE
from seldbench.simulation.devices import Device
from seldbench.simulation.loudness import loudness
from seldbench.simulation.planning import ClipPlan, Sound
from seldbench.simulation.rooms import Room
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import Array, Rng, faded, normal, samples
from seldbench.simulation.splits import SPLITS

PEAK = 0.98  # the whole mixture is scaled down where it would exceed this
ROOMS = 400  # of a group
LIGHT = 0.1  # share of reverberation in a soundscape
FLOOR = 2e-5  # root mean square of a device's own noise, full scale 1


def render(plan: ClipPlan, seed: int, bank: Bank) -> Array:
    """The clip as (samples,) int16 at RATE."""
    split = SPLITS[plan.split]
    rng = generator(seed, plan.split, plan.index, "sound")
    length = samples(plan.seconds)
    place = bank.backgrounds(split.group)[plan.background].sound(plan.seconds, rng)
    mixture = at_loudness(fitted(place, length), plan.loudness)
    room = _room(seed, split.group, int(rng.integers(ROOMS)))
    mixture += _in_room(_tracks(plan, bank, length, rng), room, split.kind, rng)
    if split.kind == "recording":
        mixture = Device.draw(rng).record(mixture) + FLOOR * rng.standard_normal(length)
    peak = float(np.abs(mixture).max())
    if peak > PEAK:
        mixture *= PEAK / peak
    return np.round(mixture * 32767).astype(np.int16)


@lru_cache(maxsize=2048)
def _room(seed: int, group: str, index: int) -> Room:
    rng = generator(seed, "room", group, index)
    return Room.draw(character(group, rng), rng)


def _tracks(plan: ClipPlan, bank: Bank, length: int, rng: Rng) -> list[Array]:
    """What each source of the clip says, dry, at its level; (length,) each."""
    group = SPLITS[plan.split].group
    tracks: dict[tuple[str | None, int], Array] = {}
    for sound in plan.sounds:
        pool = bank.sources(group, sound.label) if sound.label else bank.confusers(group)
        wave = performed(pool[sound.source], sound, rng)
        wave = at_loudness(wave, plan.loudness + sound.snr)
        start = samples(sound.onset)
        wave = wave[: length - start]
        track = tracks.setdefault((sound.label, sound.source), np.zeros(length))
        track[start : start + len(wave)] += wave
    return list(tracks.values())


def performed(source: Source, sound: Sound, rng: Rng) -> Array:
    """One sound of a source: (samples,), with all its frequencies scaled by `speed`."""
    length = samples(sound.seconds)
    if sound.speed == 1.0:
        return fitted(source.sound(sound.seconds, rng), length)
    wave = source.sound(sound.seconds * sound.speed, rng)
    return faded(fitted(soxr.resample(wave, RATE * sound.speed, RATE), length))


def fitted(wave: Array, length: int) -> Array:
    """Cut or padded by the few samples that rounding leaves."""
    return np.pad(wave, (0, max(length - len(wave), 0)))[:length]


def at_loudness(wave: Array, level: float) -> Array:
    """Scaled to an integrated loudness in LKFS; silence stays silence."""
    wave = 0.05 * normal(wave)  # well above the absolute gate
    heard = loudness(wave, RATE)
    return wave * 10 ** ((level - heard) / 20) if np.isfinite(heard) else wave * 0.0


def _in_room(tracks: list[Array], room: Room, kind: str, rng: Rng) -> Array:
    """Each track from its own point of the room, added up; cut at the clip's end."""
    if not tracks:
        return np.zeros(1)
    length = len(tracks[0])
    size = next_fast_len(length + RATE, real=True)
    total = np.zeros(size // 2 + 1, np.complex64)
    for track in tracks:
        response = room.response(room.place(rng), rng)[:RATE]
        if kind == "soundscape":
            direct = np.zeros_like(response)
            direct[0] = 1.0
            response = (1 - LIGHT) * direct + LIGHT * response
        total += rfft(track.astype(np.float32), size) * rfft(response.astype(np.float32), size)
    return irfft(total, size)[:length].astype(np.float64)
