"""What happens in each clip of a split, before any sound is made: cheap, and all that labels need.

How many clips have a class, how many events it has there and how long these are is drawn for the
split as a whole, systematically: a small split has DESED's statistics as nearly as its size
allows, rather than by luck. Where in its clip an event lies, and with which source and level,
depends on the clip alone. Seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.stats import poisson

from seldbench.events import Event
from seldbench.simulation import calibration as level
from seldbench.simulation.bank import Bank
from seldbench.simulation.names import clip_name
from seldbench.simulation.occurrence import draw_sets
from seldbench.simulation.placing import annotated, place_recording, place_soundscape
from seldbench.simulation.seeds import generator
from seldbench.simulation.splits import SPLITS, Split
from seldbench.simulation.statistics import CLIP, SHORTEST_EVENT, ClassStatistics, durations

Array = np.ndarray
Rng = np.random.Generator
Wanted = dict[str, list[float]]  # durations of the events of each class of a clip

MOST_EVENTS = 20  # of a class in a clip
SHORTEST_CLIP = 2.4
SLOT = 0.5  # what the shortest event and the shortest gap need


@dataclass(frozen=True)
class Sound:
    """One sound of a clip. label: None for a confuser; source: its place in the bank; snr: dB
    above the background; speed: factor of all frequencies."""

    label: str | None
    source: int
    onset: float
    seconds: float
    snr: float
    speed: float = 1.0


@dataclass(frozen=True)
class ClipPlan:
    """events: what the annotation says; background: its place in the bank, and its loudness."""

    split: str
    index: int
    name: str
    seconds: float
    sounds: tuple[Sound, ...]
    events: tuple[Event, ...]
    background: int
    loudness: float


@lru_cache(maxsize=16)
def plan_split(name: str, clips: int, seed: int, bank: Bank) -> tuple[ClipPlan, ...]:
    """The plans of a split's clips, in the order of their indices."""
    split = SPLITS[name]
    rng = generator(seed, name, "split")
    lengths = _lengths(split, clips, rng)
    wanted = _wanted(split, lengths, frozenset(bank.labels(split.group)), rng)
    return tuple(
        _plan_clip(split, index, lengths[index], wanted[index], seed=seed, bank=bank)
        for index in range(clips)
    )


def _lengths(split: Split, clips: int, rng: Rng) -> Array:
    """Seconds of each clip: 10, but for a few shorter ones (at least one if there are any)."""
    lengths = np.full(clips, CLIP)
    if split.statistics.short:
        few = max(1, round(split.statistics.short * clips))
        shorter = rng.uniform(SHORTEST_CLIP, CLIP - 0.1, few).round(3)
        lengths[rng.choice(clips, few, replace=False)] = shorter
    return lengths


def _wanted(split: Split, lengths: Array, available: frozenset[str], rng: Rng) -> list[Wanted]:
    """What each clip is to hold."""
    sets = draw_sets(split.statistics, available, len(lengths), rng)
    wanted: list[Wanted] = [{} for _ in lengths]
    for label in sorted(available):
        of_class = split.statistics.classes[label]
        clips = [k for k, labels in enumerate(sets) if label in labels]
        if not clips:
            continue
        counts = _counts(of_class, lengths[clips], rng)
        total = int(counts.sum())
        spans = durations(of_class, (np.arange(total) + rng.uniform()) / total)
        for clip, dealt in zip(clips, _deal(spans, counts, lengths[clips], rng)):
            wanted[clip][label] = dealt
    return wanted


def _counts(of: ClassStatistics, lengths: Array, rng: Rng) -> Array:
    """Events of a class in each of its clips: 1 + Poisson(mean - 1), drawn systematically."""
    shares = (rng.permutation(len(lengths)) + rng.uniform()) / len(lengths)
    counts = 1 + poisson.ppf(shares, max(of.count - 1, 1e-9)).astype(int)
    return np.minimum(counts, np.minimum(MOST_EVENTS, (lengths / (1.5 * SLOT)).astype(int)))


def _deal(spans: Array, counts: Array, lengths: Array, rng: Rng) -> list[list[float]]:
    """Give durations, longest first, to clips with room for them; a clip keeps a slot free for
    each event it still awaits. A duration that fits nowhere is cut to the largest room."""
    left, used = counts.copy(), np.zeros(len(counts))
    dealt: list[list[float]] = [[] for _ in counts]
    for span in np.sort(spans)[::-1]:
        room = np.where(left > 0, lengths - used - SLOT * (left - 1), -1.0)
        fits = (room >= min(span, CLIP - SLOT)) & ((span < CLIP) | (counts == 1))
        if fits.any():
            slots = np.cumsum(np.where(fits, left, 0))
            clip = int(np.searchsorted(slots, rng.integers(slots[-1]), side="right"))
        else:
            clip = int(np.argmax(room))
        given = max(min(float(span), float(room[clip])), SHORTEST_EVENT)
        dealt[clip].append(given)
        used[clip] += given + SLOT / 2
        left[clip] -= 1
    return dealt


def _plan_clip(
    split: Split,
    index: int,
    seconds: float,
    wanted: Wanted,
    *,
    seed: int,
    bank: Bank,
) -> ClipPlan:
    rng = generator(seed, split.name, index, "plan")
    recording = split.kind == "recording"
    sounds = _placed(split, seconds, wanted, bank, rng)
    heard = [Event(s.onset, s.onset + s.seconds, str(s.label)) for s in sounds]
    quiet = rng.uniform(*level.RECORDING_BACKGROUND)
    return ClipPlan(
        split=split.name,
        index=index,
        name=clip_name(split, index, seconds, seed),
        seconds=float(seconds),
        sounds=(*sounds, *_confusers(split, seconds, bank, rng)),
        events=tuple(annotated(heard, seconds, level.LABEL_JITTER if recording else 0.0, rng)),
        background=int(rng.integers(len(bank.backgrounds(split.group)))),
        loudness=quiet if recording else level.SOUNDSCAPE_BACKGROUND,
    )


def _placed(split: Split, seconds: float, wanted: Wanted, bank: Bank, rng: Rng) -> list[Sound]:
    """The sounds of a clip's classes, with their sources, levels and onsets."""
    cast = {label: _cast(split, label, spans, bank, rng) for label, spans in wanted.items()}
    place = place_recording if split.kind == "recording" else place_soundscape
    lengths = {label: [sound.seconds for sound in of_class] for label, of_class in cast.items()}
    onsets = place(lengths, seconds, split.statistics.classes, rng)
    return [
        replace(sound, onset=onset)
        for label, of_class in cast.items()
        for sound, onset in zip(of_class, onsets[label])
    ]


def _cast(split: Split, label: str, wanted: Sequence[float], bank: Bank, rng: Rng) -> list[Sound]:
    """Who makes each event of a class: one source a clip (of speech up to three), at one level, in
    a recording; a new source and level for each event of a soundscape."""
    pool = len(bank.sources(split.group, label))
    recording = split.kind == "recording"
    few = int(rng.choice([1, 2, 3], p=[0.55, 0.35, 0.1])) if label == "Speech" else 1
    sources = rng.integers(pool, size=few if recording else len(wanted))
    shared = rng.uniform(*level.RECORDING_SNR)
    cast = []
    for k, seconds in enumerate(rng.permutation(np.asarray(wanted))):
        source = int(rng.choice(sources)) if recording else int(sources[k])
        snr = shared + rng.normal(0, level.RECORDING_SPREAD)
        if not recording:
            snr = rng.uniform(*level.SOUNDSCAPE_SNR)
        shift = 0.0 if recording else rng.uniform(-1, 1) * level.SOUNDSCAPE_SEMITONES
        speed = float(2 ** (shift / 12))
        possible = bank.possible(split.group, label, source, float(seconds) * speed) / speed
        cast.append(Sound(label, source, 0.0, possible, float(snr), speed))
    return cast


def _confusers(split: Split, seconds: float, bank: Bank, rng: Rng) -> list[Sound]:
    pool = bank.confusers(split.group)
    if not pool or rng.random() >= level.CONFUSER_CHANCE[split.kind]:
        return []
    found = []
    for _ in range(1 + rng.poisson(level.CONFUSER_MEAN - 1)):
        source = int(rng.integers(len(pool)))
        span = min(pool[source].length(rng), seconds)
        snr = rng.uniform(*level.CONFUSER_SNR)
        found.append(Sound(None, source, rng.uniform(0, seconds - span), span, snr))
    return found
