"""What a SELD system put out for every label frame (100 ms), before anything was decided: scores
(frames, classes), vectors of directions (frames, classes, 3), or both. Half a system is scored from
them.

One `.npz`: `scores` (frames of all clips, classes) and/or `doa` (frames of all clips, classes, 3);
`start` (clips + 1,): clip i owns the rows start[i]:start[i + 1]; `clips`: their names; where given,
`classes` names the columns and `fps` is 10. Column k is class k. Or a folder with a file a clip,
named like it: a `.npy` of two axes (scores) or three (directions), or an `.npz` of `scores` and/or
`doa`. Nothing pickled is read.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.errors import BadFile
from seldbench.storage import atomic

Array = np.ndarray
RATE = 10  # label frames in a second
KINDS = ("scores", "doa")
OUTPUTS = "outputs.npz"  # of a run, among its predictions


@dataclass(frozen=True, eq=False)
class FrameOutputs:
    """Outputs of many clips, one after another.

    clips: names. start: (clips + 1,) int64; clip i owns the rows start[i]:start[i + 1]. scores:
    (rows, classes) float. doa: (rows, classes, 3) float, vectors of any length. None: not given.
    """

    clips: tuple[str, ...]
    start: Array
    scores: Array | None = None
    doa: Array | None = None

    @property
    def classes(self) -> int:
        """The number of columns."""
        given = self.doa if self.scores is None else self.scores
        return 0 if given is None else given.shape[1]


def is_frame_outputs(path: Path) -> bool:
    """Whether a path holds frame outputs (`.npy`, `.npz`) and not a table."""
    if not path.is_dir():
        return path.suffix in (".npy", ".npz")
    return any(file.suffix in (".npy", ".npz") for file in path.iterdir())


def read_frame_outputs(path: Path) -> FrameOutputs:
    """An archive of all clips, a folder with a file a clip, or the file of one clip.

    Raises:
        BadFile: another layout; shapes that disagree; a value that is not finite; a clip twice;
            another frame rate than 10.
    """
    if not path.exists():
        raise BadFile(f"{path}: not found")
    files = _files(path) if path.is_dir() else [path]
    arrays = [_arrays(file) for file in files]
    if len(files) == 1 and "clips" in arrays[0]:
        return _archive(files[0], arrays[0])
    kinds = [kind for kind in KINDS if kind in arrays[0]]
    for file, one in zip(files, arrays):
        if [kind for kind in KINDS if kind in one] != kinds or "clips" in one:
            raise BadFile(f"{file}: holds {', '.join(one)}, but {files[0].name} {', '.join(kinds)}")
    for kind in kinds:
        width = arrays[0][kind].shape[1]
        odd = [i for i, one in enumerate(arrays) if one[kind].shape[1] != width]
        if odd:
            given = arrays[odd[0]][kind].shape[1]
            raise BadFile(f"{files[odd[0]]}: {given} classes, but {files[0].name} has {width}")
    sizes = [len(one[kinds[0]]) for one in arrays]
    joined = {kind: np.concatenate([one[kind] for one in arrays]) for kind in kinds}
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return FrameOutputs(tuple(file.stem for file in files), start, **joined)


def write_frame_outputs(path: Path, outputs: FrameOutputs) -> None:
    """The archive of all clips."""
    given = {"scores": outputs.scores, "doa": outputs.doa}
    arrays: dict[str, Any] = {
        "start": outputs.start.astype(np.int64),
        "clips": np.array(outputs.clips, dtype=np.str_),
        "fps": np.array(float(RATE)),
        **{kind: array for kind, array in given.items() if array is not None},
    }
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _files(path: Path) -> list[Path]:
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if not files:
        raise BadFile(f"{path}: an empty folder; expected a .npy or .npz a clip")
    seen: dict[str, Path] = {}
    for file in files:
        if not file.is_file() or file.suffix not in (".npy", ".npz"):
            raise BadFile(f"{file}: not a .npy or .npz; keep nothing else in a folder of outputs")
        if seen.setdefault(file.stem, file) != file:
            raise BadFile(f"{file}: {seen[file.stem].name} has that name already; keep one")
    return files


def _arrays(file: Path) -> dict[str, Array]:
    """Checked arrays of a file, by name; those that are not known are left out."""
    try:
        with file.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                arrays = {"doa" if loaded.ndim == 3 else "scores": loaded}
            else:
                known = (*KINDS, "start", "clips", "classes", "fps")
                arrays = {name: loaded[name] for name in loaded.files if name in known}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadFile(f"{file}: not a .npy or .npz of plain arrays ({error})") from None
    if not any(kind in arrays for kind in KINDS):
        raise BadFile(f"{file}: no array scores or doa; there are {', '.join(arrays) or 'none'}")
    for kind in KINDS:
        if kind in arrays:
            _refuse_shape(file, kind, arrays[kind])
    _refuse_disagreement(file, arrays)
    return arrays


def _refuse_shape(file: Path, kind: str, array: Array) -> None:
    fits = array.ndim == 2 if kind == "scores" else array.ndim == 3 and array.shape[2] == 3
    if not fits or array.dtype.kind not in "fiu" or not array.shape[1]:
        wanted = "(frames, classes)" if kind == "scores" else "(frames, classes, 3)"
        raise BadFile(f"{file}: {kind} is {array.dtype} {array.shape}; expected {wanted}")
    if not np.isfinite(array).all():
        frame, label = np.argwhere(~np.isfinite(array))[0][:2]
        raise BadFile(f"{file}: {kind} of class {label} in row {frame} is not finite")


def _refuse_disagreement(file: Path, arrays: Mapping[str, Array]) -> None:
    shapes = [arrays[kind].shape[:2] for kind in KINDS if kind in arrays]
    if len(set(shapes)) > 1:
        raise BadFile(f"{file}: scores are of {shapes[0]} frames and classes, doa of {shapes[1]}")
    if "classes" in arrays and arrays["classes"].shape != shapes[0][1:]:
        raise BadFile(f"{file}: {arrays['classes'].size} classes named for {shapes[0][1]} columns")
    if "fps" in arrays and arrays["fps"].tolist() != RATE:
        raise BadFile(
            f"{file}: {arrays['fps'].tolist()} frames per second, but labels have {RATE}; bring the"
            " outputs to 100 ms, one row a label frame"
        )


def _archive(file: Path, arrays: Mapping[str, Array]) -> FrameOutputs:
    clips = arrays["clips"]
    if clips.ndim != 1 or clips.dtype.kind != "U":
        raise BadFile(f"{file}: clips must be a row of texts, not {clips.dtype} {clips.shape}")
    names = tuple(name.removesuffix(".csv") for name in clips.tolist())
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadFile(f"{file}: {twice!r} stands twice in clips; keep one")
    given = {kind: arrays[kind] for kind in KINDS if kind in arrays}
    rows = len(next(iter(given.values())))
    start = arrays.get("start", np.zeros(0))
    steps = start.astype(np.int64) if start.dtype.kind in "iu" else np.zeros(0, dtype=np.int64)
    if (
        steps.shape != (len(names) + 1,)
        or (np.diff(steps, prepend=0, append=rows) < 0).any()
        or (steps[0] != 0 or steps[-1] != rows)
    ):
        raise BadFile(f"{file}: start must rise from 0 to {rows} in {len(names) + 1} steps")
    return FrameOutputs(names, steps, **given)
