"""Where in a clip events lie, and what an annotator writes down of them. Seconds."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from seldbench.events import Event
from seldbench.simulation.cleanup import clean_up
from seldbench.simulation.statistics import ClassStatistics

Rng = np.random.Generator
Onsets = dict[str, list[float]]  # of the events of each class, in the order of their lengths

SHORTEST_GAP = 0.25  # between events of a class, so that jitter seldom merges them
GAP_SPREAD = 0.9  # standard deviation of ln seconds of the gaps
MOST_AT_ONCE = 3
TRIES = 30
# Share of recordings whose sounds take turns where they can: what events placed independently lack
# to DESED's polyphony (one, two and three at once in .65, .31 and .03 of the test clips).
TURNS = 0.65


def place_recording(
    lengths: Mapping[str, Sequence[float]],
    seconds: float,
    classes: Mapping[str, ClassStatistics],
    rng: Rng,
) -> Onsets:
    """Each class as a row of events and gaps, which starts with the clip as often as it should;
    placed anew while more than three events sound at once (in some clips: more than one)."""
    best: Onsets = {}
    fewest = np.inf
    enough = 1 if rng.random() < TURNS else MOST_AT_ONCE
    for _ in range(TRIES):
        onsets = {k: _row(spans, seconds, classes[k], rng) for k, spans in lengths.items()}
        crowd = at_once(_spans(lengths, onsets))
        if crowd < fewest:
            best, fewest = onsets, crowd
        if fewest <= enough:
            break
    return best


def _row(spans: Sequence[float], seconds: float, of: ClassStatistics, rng: Rng) -> list[float]:
    """Onsets of events of one class, one after the other."""
    count = len(spans)
    free = max(seconds - sum(spans), 0.0)
    gaps = np.maximum(of.gap * rng.lognormal(0, GAP_SPREAD, count - 1), SHORTEST_GAP)
    if gaps.sum() > free:
        spare = max(free - SHORTEST_GAP * (count - 1), 0.0)
        over = gaps - SHORTEST_GAP
        gaps = SHORTEST_GAP + over * spare / max(over.sum(), 1e-9)
    lead = max(free - gaps.sum(), 0.0)
    chance = (of.start - of.whole) / (1 - of.whole) * count
    first = 0.0 if rng.random() < chance else rng.uniform(0, lead)
    steps = np.asarray(spans[:-1]) + gaps
    return [float(x) for x in first + np.concatenate([[0.0], np.cumsum(steps)])]


def place_soundscape(
    lengths: Mapping[str, Sequence[float]],
    seconds: float,
    classes: Mapping[str, ClassStatistics],
    rng: Rng,
) -> Onsets:
    """Onsets from a normal distribution around the middle, mean 5, deviation 2, within 0.25 and 10;
    an event that would outlast the clip ends with it. Events of one class avoid each other where
    they can (where not, the clean-up makes one of them)."""
    onsets: Onsets = {}
    for label, spans in lengths.items():
        taken: list[tuple[float, float]] = []
        onsets[label] = [0.0] * len(spans)
        for k in np.argsort(spans)[::-1]:
            span = spans[k]
            for _ in range(TRIES):
                onset = min(np.clip(rng.normal(5, 2), 0.25, seconds), max(seconds - span, 0.0))
                if all(onset > off + 0.15 or onset + span < on - 0.15 for on, off in taken):
                    break
            taken.append((onset, onset + span))
            onsets[label][k] = float(onset)
    return onsets


def _spans(lengths: Mapping[str, Sequence[float]], onsets: Onsets) -> list[tuple[float, float]]:
    return [(on, on + span) for k, spans in lengths.items() for span, on in zip(spans, onsets[k])]


def at_once(spans: Iterable[tuple[float, float]]) -> int:
    """The largest number of spans that sound at one time; 0 for none."""
    edges = sorted((time, change) for on, off in spans for time, change in ((on, 1), (off, -1)))
    sounding = most = 0
    for _, change in edges:
        sounding += change
        most = max(most, sounding)
    return most


def annotated(events: Iterable[Event], seconds: float, jitter: float, rng: Rng) -> list[Event]:
    """The annotation: times jittered (but not those at the clip's edges), cleaned up, in ms."""
    heard = []
    for event in events:
        onset, offset = event.onset, event.offset
        if onset > 0:
            onset = max(onset + rng.normal(0, jitter), 0.0)
        if offset < seconds - 1e-6:
            offset = min(offset + rng.normal(0, jitter), seconds)
        heard.append(Event(onset, max(offset, onset + 0.01), event.label))
    clean = clean_up(heard, seconds)
    return [Event(round(e.onset, 3), round(e.offset, 3), e.label) for e in clean]
