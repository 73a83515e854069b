"""Labels of clips (tagging): tab separated, `filename` and, told by the header,

- `event_labels`: labels separated by commas, may be empty (the weak tables of DESED);
- `label`: the one label of the clip (ESC-50, Speech Commands);
- otherwise a column a class, with 0 or 1 in labels and with scores in predictions.

A column `fold` (a whole number), where a reference has one, says to which fold a clip belongs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldbench.annotations.events import labels_in
from seldbench.annotations.table import Table, decimal, read_table, write_table
from seldbench.errors import BadFile
from seldbench.prediction import ClipScores

Array = np.ndarray
STRONG = {"onset", "offset", "event_label"}
KNOWN = (
    "filename and one of: event_labels (separated by commas); label (the only one of the clip);"
    " one column a class"
)


@dataclass(frozen=True, eq=False)
class Tags:
    """labels: (clips, classes) true or false. single: the file states one label a clip, so that a
    decision is the class with the highest score. fold: (clips,) int64, None where not given."""

    labels: Array
    clips: tuple[str, ...]
    classes: tuple[str, ...]
    single: bool = False
    fold: Array | None = None


def read_tags(path: Path) -> Tags:
    """The labels of a reference; classes as the columns stand, or sorted where there are none.

    Raises:
        BadFile: unknown layout, no clips or no class, a clip twice, an empty label, a cell that is
            neither 0 nor 1, a fold that is not a whole number.
    """
    table = read_table(path)
    return _decided(table) or _marked(table)


def read_tag_predictions(path: Path) -> Tags | ClipScores:
    """Decided labels, or scores where there is a column a class.

    Raises:
        BadFile: as `read_tags`; a score that is not a finite number.
    """
    table = read_table(path)
    if "fold" in table.columns:
        raise BadFile(f"{path}: the column 'fold' belongs into the reference; take it out")
    return _decided(table) or _scored(table)


def write_tags(path: Path, tags: Tags) -> None:
    """The column `label` where each clip has one; else `event_labels` or, where a class's name
    holds a comma, a column a class.

    Raises:
        BadFile: a clip of a single-label table without its one label.
    """
    marked = not tags.single and any("," in name for name in tags.classes)
    columns = tags.classes if marked else ("label",) if tags.single else ("event_labels",)
    folds = () if tags.fold is None else ("fold",)
    rows = []
    for i, clip in enumerate(tags.clips):
        row = tags.labels[i]
        labels = [tags.classes[k] for k in np.flatnonzero(row)]
        if tags.single and len(labels) != 1:
            raise BadFile(f"{path}: {clip} has {len(labels)} labels; every clip has one here")
        cells = [str(int(mark)) for mark in row] if marked else [",".join(sorted(labels))]
        rows.append((clip, *cells, *(() if tags.fold is None else (str(tags.fold[i]),))))
    write_table(path, ("filename", *columns, *folds), rows)


def write_ranked(path: Path, scores: Mapping[str, float]) -> None:
    """One clip's classes with their scores, `label` and `score`, the highest first."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    write_table(path, ("label", "score"), ((label, decimal(score)) for label, score in ranked))


def _decided(table: Table) -> Tags | None:
    """Labels in words; None where there is a column a class instead."""
    found = [name for name in ("event_labels", "label") if name in table.columns]
    if not found and STRONG & set(table.columns):
        raise BadFile(
            f"{table.path}: a table of events, columns {', '.join(table.columns)}; expected"
            f" {KNOWN}; `seldbench score sed` scores events"
        )
    if not found:
        return None
    further = set(table.columns) - {"filename", "fold", found[0]}
    if further:
        raise BadFile(
            f"{table.path}: {', '.join(sorted(further))} beside {found[0]!r}; expected {KNOWN}"
        )
    clips = _clips(table)
    cells = table.texts(found[0])
    split = _one_each if found[0] == "label" else labels_in
    given = [split(table, line, cell) for line, cell in zip(table.lines, cells)]
    classes = tuple(sorted({label for labels in given for label in labels}))
    column = {label: i for i, label in enumerate(classes)}
    marks = np.zeros((len(clips), len(classes)), dtype=bool)
    for i, labels in enumerate(given):
        marks[i, [column[label] for label in labels]] = True
    return Tags(marks, clips, classes, found[0] == "label", _fold(table))


def _marked(table: Table) -> Tags:
    classes = _class_columns(table)
    clips = _clips(table)
    values = np.column_stack([table.numbers(name) for name in classes])
    wrong = (values != 0) & (values != 1)
    first = wrong.argmax(axis=1)
    table.refuse(
        wrong.any(axis=1),
        table.lines,
        lambda i: f"{classes[first[i]]} is {values[i, first[i]]:g}, neither 0 nor 1",
    )
    return Tags(values == 1, clips, classes, False, _fold(table))


def _scored(table: Table) -> ClipScores:
    classes = _class_columns(table)
    clips = _clips(table)
    return ClipScores(np.column_stack([table.numbers(name) for name in classes]), clips, classes)


def _class_columns(table: Table) -> tuple[str, ...]:
    table.require("filename")
    classes = tuple(name for name in table.columns if name not in ("filename", "fold"))
    if not classes:
        raise BadFile(f"{table.path}: no labels, only {', '.join(table.columns)}; expected {KNOWN}")
    unnamed = [i for i, name in enumerate(table.columns, 1) if not name]
    if unnamed:
        raise BadFile(f"{table.path}: column {unnamed[0]} has no name; expected a class")
    return classes


def _clips(table: Table) -> tuple[str, ...]:
    table.require("filename")
    clips = tuple(table.names("filename", unique=True))
    if not clips:
        raise BadFile(f"{table.path}: a header without rows")
    return clips


def _one_each(table: Table, line: int, cell: str) -> list[str]:
    if not cell.strip():
        raise BadFile(
            f"{table.path}:{line}: label is empty; every clip has one, or the column is called"
            " event_labels"
        )
    return [cell.strip()]


def _fold(table: Table) -> Array | None:
    if "fold" not in table.columns:
        return None
    folds = table.numbers("fold")
    table.refuse(folds % 1 != 0, table.lines, lambda i: f"fold is {folds[i]:g}, not a whole number")
    return folds.astype(np.int64)
