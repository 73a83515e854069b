"""What a reader of SELD scores should know of the files."""

from collections.abc import Iterator

import numpy as np

from seldbench.events import DirectionTable
from seldbench.metrics.seld import SeldCounts

SHOWN = 10  # names in a note


def seld_notes(
    counts: SeldCounts,
    reference: DirectionTable,
    predictions: DirectionTable,
    average: str | None,
    frames_per_file: int | None,
    frames_per_second: int,
) -> Iterator[str]:
    """What was left out, and what a macro average holds."""
    scorer = counts.scorer
    given = set(predictions.files)
    absent = [name for name in reference.files if name not in given]
    if absent and not scorer.fixed:
        yield (
            f"WARNING: {len(absent)} of {len(reference.files)} reference files have no predictions"
            f" and are NOT scored, as in the official scorer, so that leaving out a bad file"
            f" raises the score: {_some(absent)}. {scorer.name}_fixed scores them as missed"
        )
    elif absent:
        yield f"{len(absent)} reference files have no predictions, all missed: {_some(absent)}"
    for side, rows in zip(("reference", "predictions"), counts.ignored):
        if rows:
            yield (
                f"{rows} rows of the {side} are of classes above {counts.classes - 1}, which"
                f" {scorer.name} does not have: ignored"
            )
    frames = frames_per_file
    if frames is None and scorer.seconds is not None and not scorer.fixed:
        frames = scorer.seconds * frames_per_second
    if frames is not None:
        whole = (
            frames
            if scorer.rule in ("activity", "frames")
            else (-(-frames // frames_per_second) * frames_per_second)
        )
        yield from _notes_on_length(reference, predictions, whole, frames_per_second)
    if (average or scorer.average) == "macro":
        yield from _notes_on_macro(counts)


def _notes_on_length(
    reference: DirectionTable, predictions: DirectionTable, frames: int, rate: int
) -> Iterator[str]:
    for side, table in (("reference", reference), ("predictions", predictions)):
        late = int((table.frame >= frames).sum())
        if late:
            yield (
                f"{late} rows of the {side} lie in frame {frames} or later and are not scored"
                f" (a frame is taken to be {1000 / rate:g} ms)"
            )


def _notes_on_macro(counts: SeldCounts) -> Iterator[str]:
    if counts.scorer.classes is None:
        yield f"the macro average is over {counts.classes} classes, 0 to {counts.classes - 1}"
    silent = np.flatnonzero(counts.of_class["reference"].sum(0) == 0)
    if len(silent):
        yield (
            f"no reference rows of class {', '.join(map(str, silent))}: counted in the macro"
            " average all the same, as in the official scorer"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
