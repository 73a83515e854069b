"""Building a tagging set: its files rendered in several processes, then tables and manifest.

A set is built beside its place and renamed when complete; an interrupted build goes on at the first
file that is missing. Each file hangs on the seed and its own plan alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from seldbench.contracts import Progress, Quiet
from seldbench.errors import SeldbenchError, UnknownName, near
from seldbench.simulation.processes import workers
from seldbench.simulation.sets import fingerprint, make_set, sweep
from seldbench.simulation.signals import Array
from seldbench.storage import write_bytes, write_text

FORMAT = 1
GENERATOR = 1  # raised by whatever changes the audio or the labels of any tagging set
SCALES = ("tiny", "small", "full")
IDENTITY = ("scale", "seed", "sounds", "fill_missing", "generator")
QUIET = Quiet()
_CHUNK = 8  # files a process takes at a time


class Plan(Protocol):
    """All that is known of a file before it sounds. file: its place below the tree."""

    @property
    def file(self) -> str: ...


@dataclass(frozen=True)
class Content:
    """What a set holds. tables: {place: text}; counts: clips by split; test_classes: those with a
    clip in test."""

    plans: Sequence[Plan]
    tables: Mapping[str, str]
    classes: tuple[str, ...]
    test_classes: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Kind:
    """A set's facts. folder: of the tree, below the set's. suffix: of the tables.

    plan(scale, seed) -> what the set holds; render(plan, seed) -> (samples,) in [-1, 1] at `rate`.
    Both are functions of a module, so that other processes find them.
    """

    name: str
    folder: str
    rate: int
    suffix: str
    plan: Callable[[str, int], Content]
    render: Callable[[Any, int], Array]


def simulate_tags(
    kind: Kind,
    root: Path,
    *,
    scale: str,
    seed: int = 0,
    sounds: Path | None = None,
    fill_missing: str | None = None,
    jobs: int = 2,
    progress: Progress = QUIET,
) -> dict[str, Any]:
    """Make the set in `root`, or leave it where the same set is there already.

    Args:
        scale: "tiny", "small" or "full".
        sounds, fill_missing: None; these sets are made by formula alone.
        jobs: processes; the result does not depend on it.

    Returns:
        the manifest.

    Raises:
        UnknownName: no such scale. SeldbenchError: sounds were given. BadFile: a set with other
        parameters is there. WriteFailed: disk full, no permission; start again and it goes on.
    """
    if scale not in SCALES:
        raise UnknownName(f"no scale named {scale!r}{near(scale, SCALES)}; one of {SCALES}")
    if sounds is not None or fill_missing is not None:
        raise SeldbenchError(
            f"{kind.name} is made by formula alone; leave out --sounds and --fill-missing"
        )
    if jobs < 1:
        raise SeldbenchError(f"jobs: {jobs} given; 1 or more processes can work")
    wanted = {
        "format": FORMAT,
        "dataset": kind.name,
        "scale": scale,
        "seed": seed,
        "sounds": "builtin",
        "sounds_folder": None,
        "fill_missing": None,
        "generator": GENERATOR,
    }

    def build(part: Path) -> dict[str, Any]:
        content = kind.plan(scale, seed)
        _render_all(kind, part / kind.folder, content.plans, seed, jobs, progress)
        return _finish(kind, part / kind.folder, content)

    return make_set(root, wanted, build, identity=IDENTITY, progress=progress)


def _render_all(
    kind: Kind, folder: Path, plans: Sequence[Plan], seed: int, jobs: int, progress: Progress
) -> None:
    """Write every file that is not there yet; each is whole or absent."""
    missing = [plan for plan in plans if not (folder / plan.file).exists()]
    done = len(plans) - len(missing)

    def count(_: str) -> None:
        nonlocal done
        done += 1
        progress.advance("simulate", done, len(plans))

    with workers(_begin, (kind, folder, seed), jobs=jobs, folder=folder) as share_out:
        share_out(_make, missing, count, chunk=_CHUNK)


class _Worker:
    """What a process needs to make files; set once by its initializer."""

    kind: Kind
    folder: Path
    seed: int


def _begin(kind: Kind, folder: Path, seed: int) -> None:
    _Worker.kind, _Worker.folder, _Worker.seed = kind, folder, seed


def _make(plan: Plan) -> str:
    kind = _Worker.kind
    content = BytesIO()
    wave = sampled(kind.render(plan, _Worker.seed))
    soundfile.write(content, wave, kind.rate, format="WAV", subtype="PCM_16")
    write_bytes(_Worker.folder / plan.file, content.getvalue())
    return plan.file


def sampled(wave: Array) -> Array:
    """[-1, 1] -> int16, as on disk."""
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)


def _finish(kind: Kind, folder: Path, content: Content) -> dict[str, Any]:
    for place, text in content.tables.items():
        write_text(folder / place, text)
    sweep(folder)
    return {
        "classes": list(content.classes),
        "test_classes": list(content.test_classes),
        "counts": dict(content.counts),
        "fingerprint": fingerprint(folder, kind.suffix),
    }
