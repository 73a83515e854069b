"""The clips that a report shows of a run with directions: which ones, and who is where in them.

Read from the run's prediction files and reference alone. Of a long clip a stretch is shown. Frames
last 0.1 s; seconds, degrees, metres.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.annotations import (
    OUTPUTS,
    FrameOutputs,
    read_durations,
    read_frame_outputs,
    read_run_directions,
)
from seldbench.annotations.tracks import events_of_rows
from seldbench.errors import BadFile
from seldbench.evaluation import Measure, seld_measures
from seldbench.events import DirectionTable, Event
from seldbench.geometry import angles
from seldbench.metrics.uncertainty import Drawn
from seldbench.report.clips.shown import PARTS, RAISED, spread

Array = np.ndarray

GRID = 0.1
LONGEST = 60.0  # of a clip's shown stretch


@dataclass(frozen=True, eq=False)
class Directed:
    """What a run's files say: reference and predicted rows, and the outputs for every frame
    where it has any. classes: the names of their numbers."""

    reference: DirectionTable
    durations: Mapping[str, float]
    predicted: DirectionTable
    classes: tuple[str, ...]
    outputs: FrameOutputs | None = None

    @property
    def measured(self) -> bool:
        """Whether both sides have distances."""
        return self.reference.distance is not None and self.predicted.distance is not None


def read_directed(run: Path, classes: Sequence[str]) -> Directed:
    """The files of a run's folder.

    Raises:
        BadFile: a file that is absent or breaks a rule, or a class number without a name.
    """
    reference, predicted = read_run_directions(run)
    for folder, table in (("reference", reference), ("predictions", predicted)):
        highest = int(table.label.max(initial=-1))
        if highest >= len(classes):
            raise BadFile(
                f"{run / folder / 'directions'}: class {highest}, but the run scored"
                f" {len(classes)} classes (0 to {len(classes) - 1}); run again"
            )
    durations = read_durations(run / "reference" / "durations.tsv")
    outputs = run / "predictions" / OUTPUTS
    given = read_frame_outputs(outputs) if outputs.exists() else None
    if given is not None and given.classes != len(classes):
        raise BadFile(
            f"{outputs}: {given.classes} classes, but the run scored {len(classes)}; run again"
        )
    return Directed(reference, durations, predicted, tuple(classes), given)


def measures_of(found: Directed, scorer: str, average: str | None = None) -> list[Measure]:
    """The scores of a run's files, as the run itself is scored; micro or macro where named."""
    return seld_measures(
        found.reference,
        found.predicted,
        scorer,
        average=average,
        classes=len(found.classes),
        with_distance=found.measured,
    )


def choose(
    found: Directed, scorer: str, shown: int
) -> list[tuple[str, str, dict[str, float | None]]]:
    """(role, clip, its own scores) of `shown` clips with events by their SELD score, as
    `shown.spread` says. Scores are over all classes together: means over classes say little of a
    clip in which most of them are silent.
    """
    (measure,) = measures_of(found, scorer, "micro")
    values = measure.of(Drawn(np.eye(len(measure.clips)))).scores
    rows = dict(zip(found.reference.files, _rows_by_file(found.reference)))
    place = {clip: i for i, clip in enumerate(measure.clips)}
    chosen = spread(
        [
            (-float(values["seld_score"][i]), rows[clip], clip)
            for clip, i in place.items()
            if rows[clip] and clip in found.durations
        ],
        shown,
    )
    return [
        (role, clip, {name: _number(of[place[clip]]) for name, of in values.items()})
        for role, clip, _ in chosen
    ]


def clip_content(
    found: Directed, clip: str, thresholds: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Tracks of a clip, or of the stretch of it with most to hear, for clips.json.

    `onset` and `duration` are the stretch's, `whole` is the clip's duration. A track begins in the
    stretch's frame `first` and has a direction a frame. `confidence` is the highest score of a
    class in every `part` frames of the stretch.
    """
    whole = found.durations[clip]
    truth, predicted = _of_clip(found.reference, clip), _of_clip(found.predicted, clip)
    onset = busiest(truth.frame, whole)
    sides = {
        "truth": _tracks(truth, found.classes, onset),
        "predicted": _tracks(predicted, found.classes, onset),
    }
    named = {track["label"] for side in sides.values() for track in side}
    part, confidence = _confidence(found, clip, onset, named)
    known = (thresholds or {}).items()
    return {
        "id": clip,
        "onset": onset,
        "duration": min(whole, LONGEST),
        "whole": whole,
        **sides,
        "part": part,
        "confidence": confidence,
        "thresholds": {name: value for name, value in known if name in confidence},
    }


def _confidence(
    found: Directed, clip: str, onset: float, named: set[str]
) -> tuple[int, dict[str, list[float]]]:
    """(frames of a part, {class: the highest score in each part}), three decimals, of classes that
    occur or whose score is raised at some time."""
    if found.outputs is None or found.outputs.scores is None or clip not in found.outputs.clips:
        return 1, {}
    row = found.outputs.clips.index(clip)
    first, stop = found.outputs.start[row : row + 2].tolist()
    begin = first + round(onset / GRID)
    scores = found.outputs.scores[begin : min(stop, begin + round(LONGEST / GRID))]
    part = max(-(-len(scores) // PARTS), 1)
    parts = np.arange(0, len(scores), part)
    highest = np.maximum.reduceat(scores, parts) if len(parts) else scores
    return part, {
        name: np.round(of.clip(0, 1).astype(np.float64), 3).tolist()
        for name, of in zip(found.classes, highest.T)
        if name in named or of.max(initial=0.0) >= RAISED
    }


def busiest(frames: Array, duration: float) -> float:
    """The onset of the shown stretch: of those a second apart the first with most rows."""
    starts = np.arange(0.0, max(duration - LONGEST, 0.0) + 1e-9, 1.0)
    ordered, length = np.sort(frames), round(LONGEST / GRID)
    first = np.round(starts / GRID).astype(np.int64)
    rows = np.searchsorted(ordered, first + length) - np.searchsorted(ordered, first)
    return float(starts[int(rows.argmax())])


def _rows_by_file(table: DirectionTable) -> list[int]:
    return np.bincount(table.file, minlength=len(table.files)).tolist()


def _of_clip(table: DirectionTable, clip: str) -> DirectionTable:
    """The rows of one file; none where the table does not have it."""
    number = table.files.index(clip) if clip in table.files else -1
    rows = table.rows(table.file == number)
    return DirectionTable(
        (clip,),
        np.zeros(len(rows), dtype=np.int64),
        rows.frame,
        rows.label,
        rows.track,
        rows.direction,
        rows.distance,
    )


def _tracks(table: DirectionTable, classes: Sequence[str], onset: float) -> list[dict[str, Any]]:
    start = round(onset / GRID)
    inside = (table.frame >= start) & (table.frame < start + round(LONGEST / GRID))
    events = events_of_rows(table.rows(inside), classes, GRID)
    return [track_of(event, onset, GRID) for event in events]


def track_of(event: Event, onset: float, grid: float) -> dict[str, Any]:
    """An event with directions as plain numbers: its label, first frame after `onset`, and for
    every frame azimuth and elevation to a tenth of a degree, distance to a centimetre if known."""
    frames = round(event.duration / grid)
    doa = np.broadcast_to(np.asarray(event.doa), (frames, 3))
    azimuth, elevation = angles(doa)
    track: dict[str, Any] = {
        "label": event.label,
        "first": round((event.onset - onset) / grid),
        "azimuth": _rounded(azimuth, 1),
        "elevation": _rounded(elevation, 1),
    }
    if event.distance is not None:
        track["distance"] = _rounded(np.broadcast_to(event.distance, frames), 2)
    return track


def _rounded(values: Array, decimals: int) -> list[float]:
    """Whole numbers without a point, and no minus before 0."""
    rounded = (float(v) + 0.0 for v in np.round(values, decimals))
    return [int(v) if v == int(v) else v for v in rounded]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
