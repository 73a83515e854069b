"""The clips in which two systems differ most, and what each of them says there.

Of several seeds of a system the first one is shown. Read from the runs' files alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations import read_tag_predictions, read_tags
from seldbench.evaluation.tagging.pairs import Paired, paired_tags
from seldbench.metrics.events.collar import collar_counts, micro_f1
from seldbench.metrics.uncertainty import Drawn
from seldbench.report.clips import shown_directions, shown_mixtures
from seldbench.report.clips.shown import Audio, clip_content, read_outcome
from seldbench.report.clips.shown_files import add_files
from seldbench.report.results.result import Result

Clip = dict[str, Any]
EACH = 2  # clips that are shown in favour of each system
LISTED = 12  # clips of a tagger that are named


@dataclass(frozen=True)
class ClipScores:
    """One system's clips. score: its name. values: {clip: value}, higher is better. events: {clip:
    how much there is to find}. content: of a clip, for its drawing."""

    score: str
    values: Mapping[str, float]
    events: Mapping[str, int]
    content: Callable[[str], Clip]


def of_events(run: Path, result: Result) -> ClipScores:
    outcome = read_outcome(run / "reference", run / "predictions")
    counts = collar_counts(outcome.reference, outcome.predicted)
    scores = micro_f1(counts.hits, counts.reference, counts.detected)
    events = counts.reference.sum(1)
    rows = [i for i, c in enumerate(counts.clips) if events[i] and c in outcome.durations]
    thresholds = result.post.thresholds if result.post else {}
    return ClipScores(
        "event_f1",
        {counts.clips[i]: float(scores[i]) for i in rows},
        {counts.clips[i]: int(events[i]) for i in rows},
        lambda clip: clip_content(outcome, clip, thresholds),
    )


def of_directions(run: Path, result: Result) -> ClipScores:
    found = shown_directions.read_directed(run, list(result.classes))
    assert result.scorer is not None  # `paired` refuses such runs
    (measure,) = shown_directions.measures_of(found, result.scorer, "micro")
    values = measure.of(Drawn(np.eye(len(measure.clips)))).scores["seld_score"]
    rows = np.bincount(found.reference.file, minlength=len(found.reference.files))
    events = dict(zip(found.reference.files, rows.tolist()))
    known = {
        clip: -float(value)
        for clip, value in zip(measure.clips, values)
        if events.get(clip) and clip in found.durations and np.isfinite(value)
    }
    thresholds = result.post.thresholds if result.post else {}
    return ClipScores(
        "seld_score",
        known,
        events,
        lambda clip: shown_directions.clip_content(found, clip, thresholds),
    )


def of_mixtures(run: Path, result: Result) -> ClipScores:
    found = shown_mixtures.read_answered(run)
    asked = found.asked
    number = len(asked.mixtures)
    items = np.bincount(asked.mixture, minlength=number)
    right = np.bincount(asked.mixture, asked.right, minlength=number)
    rows = [i for i in range(number) if items[i]]
    return ClipScores(
        "accuracy",
        {asked.mixtures[i]: float(right[i] / items[i]) for i in rows},
        {asked.mixtures[i]: int(items[i]) for i in rows},
        lambda clip: shown_mixtures.mixture_content(found, clip),
    )


CLIPS: dict[str, Callable[[Path, Result], ClipScores]] = {
    "sed": of_events,
    "seld": of_directions,
    "separation": of_mixtures,
}


def apart(first: ClipScores, second: ClipScores, each: int = EACH) -> list[tuple[str, float]]:
    """(clip, first minus second) of the clips that differ most: `each` in favour of the first, then
    of the second; of equal ones that with most to find, then the first by name."""
    shared = [clip for clip in first.values if clip in second.values]
    differences = {clip: first.values[clip] - second.values[clip] for clip in shared}

    def rank(sign: int) -> list[str]:
        mine = [clip for clip in shared if sign * differences[clip] > 0]
        return sorted(mine, key=lambda c: (-sign * differences[c], -first.events[c], c))[:each]

    return [(clip, differences[clip]) for sign in (1, -1) for clip in rank(sign)]


def shown(
    task: str, runs: Sequence[Path], results: Sequence[Result], audio: Audio | None, *, heard: bool
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """For pair.json: `score`, `differences` (of all clips), `clips` with `values`, and what both
    systems say as `first` and `second`; and the files that these name."""
    first, second = (CLIPS[task](run, result) for run, result in zip(runs, results))
    chosen = apart(first, second)
    found = [
        {
            "id": clip,
            "difference": round(difference, 4),
            "values": [round(_as_scored(of, clip), 4) for of in (first, second)],
            **{side: _blank(of.content(clip)) for side, of in _sides(first, second)},
        }
        for clip, difference in chosen
    ]
    every = [first.values[c] - second.values[c] for c in first.values if c in second.values]
    files = _files(task, runs, found, audio, heard=heard)
    content = {"score": first.score, "differences": [round(d, 3) for d in sorted(every)]}
    return {**content, "clips": found}, files


def _sides(first: ClipScores, second: ClipScores) -> Sequence[tuple[str, ClipScores]]:
    return (("first", first), ("second", second))


def _as_scored(of: ClipScores, clip: str) -> float:
    """Errors with their own sign again."""
    return -of.values[clip] if of.score == "seld_score" else of.values[clip]


def _blank(content: Clip) -> Clip:
    return {**content, "spectrogram": None, "audio": None, "ticks_hz": []}


def _files(
    task: str, runs: Sequence[Path], found: list[Clip], audio: Audio | None, *, heard: bool
) -> dict[str, bytes]:
    """Spectrograms and sounds: of mixtures of both systems, else of the clip once."""
    if task == "separation":
        files: dict[str, bytes] = {}
        for side, run in zip(("first", "second"), runs):
            clips = [clip[side] for clip in found]
            signals = shown_mixtures.signals_of_run(run)
            files |= shown_mixtures.add_files(signals, clips, heard=heard, name=side)
        return files
    if audio is None:
        return {}
    return add_files([clip["first"] for clip in found], audio, heard=heard)


def taggers(runs: Sequence[Path]) -> dict[str, Any]:
    """For pair.json: the clips that one of two taggers alone has right, the surest of it first;
    none where clips may have several labels."""
    first, second = (_tags(run) for run in runs)
    sides = {"first": _alone(first, second), "second": _alone(second, first)}
    return {"alone": {name: of for name, of in sides.items() if of is not None}}


def _tags(run: Path) -> Paired:
    reference = read_tags(run / "reference" / "tags.tsv")
    return paired_tags(reference, read_tag_predictions(run / "predictions" / "clips.tsv"), None)


def _alone(mine: Paired, other: Paired) -> list[dict[str, Any]] | None:
    if mine.right is None or other.right is None or mine.scores is None or other.chosen is None:
        return None
    place = {clip: i for i, clip in enumerate(other.reference.clips)}
    assert mine.label is not None
    rows = [
        (float(mine.scores[i, mine.label[i]]), clip, mine.classes[mine.label[i]], place[clip])
        for i, clip in enumerate(mine.reference.clips)
        if mine.right[i] and clip in place and not other.right[place[clip]]
    ]
    return [
        {
            "clip": clip,
            "label": label,
            "score": round(score, 4) if np.isfinite(score) else None,
            "answer": other.classes[other.chosen[at]],
        }
        for score, clip, label, at in sorted(rows, key=lambda row: (-row[0], row[1]))[:LISTED]
    ]
