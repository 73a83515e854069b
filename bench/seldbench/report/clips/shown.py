"""The clips that a report shows of a run: which ones, their events, confidence and spectrograms.
Those of runs with directions are in `shown_directions`.

Read from the run's prediction files and reference alone. Seconds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations import read_durations, read_events, read_frame_scores
from seldbench.events import EventList, EventTable
from seldbench.metrics.events.collar import collar_counts, micro_f1
from seldbench.prediction import FrameScores
from seldbench.report.clips.picture import TOP_HZ, band_position, grey_png, mel_levels

Array = np.ndarray
Audio = Callable[[str], tuple[Array, int]]  # a clip's name -> one channel (samples,), sample rate

PARTS = 250  # at most, of a clip's confidence
RAISED = 0.2  # a class whose confidence never reaches it, and that has no event, has no lane
TICKS_HZ = (250, 1000, 2000, 4000, 8000)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run's files say: reference and predicted events, frame scores where there are any."""

    reference: EventTable
    durations: Mapping[str, float]
    predicted: EventTable
    frames: FrameScores | None


def read_outcome(reference: Path, predictions: Path) -> Outcome:
    """The files of a run's folders.

    Raises:
        BadFile: a file that is absent or breaks a rule.
    """
    scores = predictions / "scores.npz"
    return Outcome(
        read_events(reference / "ground_truth.tsv"),
        read_durations(reference / "durations.tsv"),
        read_events(predictions / "events.tsv"),
        read_frame_scores(scores) if scores.exists() else None,
    )


def choose(outcome: Outcome, shown: int) -> list[tuple[str, str, float]]:
    """(role, clip, event F1) of `shown` clips with events: see `spread`."""
    counts = collar_counts(outcome.reference, outcome.predicted)
    scores = micro_f1(counts.hits, counts.reference, counts.detected)
    events = counts.reference.sum(1)
    return spread(
        [
            (float(scores[i]), int(events[i]), clip)
            for i, clip in enumerate(counts.clips)
            if events[i] and clip in outcome.durations
        ],
        shown,
    )


def spread(clips: Iterable[tuple[float, int, str]], shown: int) -> list[tuple[str, str, float]]:
    """(role, clip, quality) of `shown` clips: the worst, evenly between, the best.

    One is the median. Of clips of equal quality the one with the most events is taken, then the
    first by name; fewer are shown where there are fewer.

    Args:
        clips: (quality, number of events, clip); higher is better.
    """
    ranked = sorted((quality, -events, clip) for quality, events, clip in clips)
    places = np.linspace(0, len(ranked) - 1, min(shown, len(ranked))).round().astype(int).tolist()
    places = [(len(ranked) - 1) // 2] if len(places) == 1 else places
    chosen: list[tuple[str, str, float]] = []
    for i, place in enumerate(places):
        taken = {clip for _, clip, _ in chosen}
        score = ranked[place][0]
        clip = next((c for quality, _, c in ranked if quality == score and c not in taken), "")
        chosen.append((_role(i, len(places)), clip, score))
    return chosen


def _role(i: int, number: int) -> str:
    if 2 * i == number - 1:
        return "median"
    return {0: "worst", number - 1: "best"}.get(i, "between")


def clip_content(outcome: Outcome, clip: str, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Events, confidence and thresholds of a clip, for clips.json."""
    duration = outcome.durations[clip]
    truth = _events(outcome.reference, clip)
    predicted = _events(outcome.predicted, clip)
    named = {label for _, _, label in (*truth, *predicted)}
    confidence = _confidence(outcome.frames, clip, duration, named) if outcome.frames else {}
    return {
        "id": clip,
        "duration": duration,
        "truth": truth,
        "predicted": predicted,
        "confidence": confidence,
        "thresholds": {c: v for c, v in thresholds.items() if c in named or c in confidence},
    }


def spectrogram(samples: Array, rate: int) -> tuple[bytes, list[list[float]]]:
    """The PNG of a clip's spectrogram, and [hertz, its place from 0 to 1] for the axis."""
    top = min(TOP_HZ, rate / 2)
    ticks = [[hertz, round(band_position(hertz, rate), 4)] for hertz in TICKS_HZ if hertz <= top]
    return grey_png(mel_levels(samples, rate)), ticks


def _events(events: EventTable, clip: str) -> list[list[Any]]:
    of_clip = events.by_clip().get(clip, EventList())
    return sorted([round(e.onset, 3), round(e.offset, 3), e.label] for e in of_clip)


def _confidence(
    frames: FrameScores, clip: str, duration: float, named: set[str]
) -> dict[str, list[float]]:
    """{class: the highest score in each of equal parts of the clip}, three decimals."""
    if clip not in frames.index:
        return {}
    rows = frames.rows(clip)
    scores, onset, offset = frames.scores[rows], frames.onset[rows], frames.offset[rows]
    edges = np.linspace(0, duration, min(PARTS, len(scores)) + 1)
    first = np.searchsorted(offset, edges[:-1], side="right")
    stop = np.searchsorted(onset, edges[1:], side="left")
    parts = [scores[a:b].max(axis=0, initial=0.0) for a, b in zip(first, stop)]
    return {
        name: [round(float(part[i]), 3) for part in parts]
        for i, name in enumerate(frames.classes)
        if name in named or max((part[i] for part in parts), default=0) >= RAISED
    }
