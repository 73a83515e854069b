"""Anybody's predictions, told apart by what is in the file, never by its name."""

from pathlib import Path

from seldbench.annotations.class_scores import is_class_folder, read_class_scores
from seldbench.annotations.events import EVENT, events_of, folder_files, operating_points_of
from seldbench.annotations.scores import frame_scores_of, read_frame_scores
from seldbench.annotations.table import Table, read_table
from seldbench.errors import BadFile
from seldbench.events import EventTable, OperatingPoints
from seldbench.prediction import FrameScores

ZIP = b"PK\x03\x04"
KNOWN = (
    "a table of events (filename, onset, offset, event_label); operating points (the same and"
    " threshold: one table or a folder of them); frame scores (an .npz, a folder with index.npz and"
    " a file a class, or a folder with a table a clip: onset, offset and one column a class)"
)


def read_predictions(path: Path) -> EventTable | OperatingPoints | FrameScores:
    """A table of events, operating points, or frame scores.

    Raises:
        BadFile: none of these layouts, a folder that mixes them, or a fault inside the file.
    """
    if path.is_dir():
        return _folder(path)
    if _is_zip(path):
        return read_frame_scores(path)
    table = read_table(path)
    kind = _kind(table)
    if kind == "operating points":
        return operating_points_of([table])
    if kind == "frame scores":
        raise BadFile(f"{path}: frame scores of one clip; give the folder that holds every clip's")
    return events_of(table)


def _folder(path: Path) -> OperatingPoints | FrameScores:
    if is_class_folder(path):
        return read_class_scores(path)
    tables = [read_table(file) for file in folder_files(path)]
    kinds = {_kind(table): table.path for table in tables}
    if len(kinds) > 1:
        (one, first), (other, second) = list(kinds.items())[:2]
        raise BadFile(f"{path}: mixes {one} ({first.name}) and {other} ({second.name})")
    if "operating points" in kinds:
        return operating_points_of(tables)
    if "frame scores" in kinds:
        return frame_scores_of(tables)
    raise BadFile(
        f"{path}: tables of events without a column 'threshold'; add it to score them as operating"
        " points, or give one table"
    )


def _kind(table: Table) -> str:
    columns = set(table.columns)
    if {"onset", "offset"} <= columns and not {"filename", "event_label"} & columns:
        return "frame scores"
    if not columns & set(EVENT[1:]):
        raise BadFile(
            f"{table.path}: unknown layout, columns {', '.join(table.columns)}; expected {KNOWN}"
        )
    table.require(*EVENT)
    return "operating points" if "threshold" in columns else "events"


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except FileNotFoundError:
        raise BadFile(f"{path}: not found") from None
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror})") from None
