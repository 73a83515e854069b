"""Making the files of a set in several processes: dry sounds and noise, then the tables, which need
them. What is there is not made again; each file hangs on the seed and its own name alone.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seldbench.contracts import Progress
from seldbench.simulation.mixtures.files import (
    MixtureFiles,
    noise_file,
    sound_file,
    table_file,
    write_wav,
)
from seldbench.simulation.mixtures.noise import KINDS, make_noise
from seldbench.simulation.mixtures.options import Options, Scale
from seldbench.simulation.mixtures.planning import NAME, Stock, plan_mixture
from seldbench.simulation.mixtures.sampling import GROUPS, RATE, SPLITS
from seldbench.simulation.mixtures.sounds import SoundBank
from seldbench.simulation.mixtures.table import as_line
from seldbench.simulation.processes import workers
from seldbench.simulation.seeds import generator
from seldbench.storage import write_text

PARTS = ".parts"  # a build's tables, in pieces until all are there
_PIECE = 50  # mixtures
_CHUNK = 8  # files that a process takes at a time


@dataclass(frozen=True)
class Job:
    """What all processes know of a set."""

    folder: Path
    scale: Scale
    options: Options
    seed: int
    bank: SoundBank

    @property
    def files(self) -> MixtureFiles:
        return MixtureFiles(self.folder, self.options.array)

    def stock(self, split: str) -> Stock:
        numbers = {label: self.bank.number(GROUPS[split], label) for label in self.bank.classes}
        noises = self.scale.noises[SPLITS.index(split)]
        sounds = {label: number for label, number in numbers.items() if number}
        return Stock(sounds, noises, self.scale.seconds * RATE)


@dataclass(frozen=True)
class Piece:
    """Some mixtures of a split in a row: from `first` up to but without `last`."""

    split: str
    first: int
    last: int

    @property
    def file(self) -> str:
        return f"{PARTS}/{self.split}_{self.first:05d}.jsonl"


@dataclass(frozen=True)
class DrySound:
    """One of a class in a split."""

    split: str
    label: str
    number: int

    @property
    def file(self) -> str:
        return sound_file(self.split, self.label, self.number)


@dataclass(frozen=True)
class Background:
    """One recording of noise in a split."""

    split: str
    number: int

    @property
    def file(self) -> str:
        return noise_file(self.split, self.number)


Task = Piece | DrySound | Background


class _Worker:
    """A process's own; set once by its initializer."""

    job: Job


def make_all(job: Job, *, jobs: int, progress: Progress) -> None:
    """Write every file that is not there yet; each is whole or absent.

    Raises:
        WriteFailed: a file could not be written. BadFile: a sound is silent. SeldbenchError: a
        process died.
    """
    with workers(_begin, (job,), jobs=jobs, folder=job.folder) as share_out:
        for named, tasks in (("sounds", _files(job)), ("mixtures", _to_plan(job))):
            missing = [task for task in tasks if not (job.folder / task.file).exists()]
            done = len(tasks) - len(missing)

            def count(split: str, named: str = named, total: int = len(tasks)) -> None:
                nonlocal done
                done += 1
                progress.advance(named, done, total, split)

            share_out(_make, missing, count, chunk=_CHUNK if named == "sounds" else 1)
    pieces = _to_plan(job)
    for split in dict.fromkeys(piece.split for piece in pieces):
        parts = [(job.folder / piece.file).read_text() for piece in pieces if piece.split == split]
        write_text(job.folder / table_file(split), "".join(parts))
    shutil.rmtree(job.folder / PARTS, ignore_errors=True)


def lacks(job: Job) -> bool:
    """Whether a file of the set is not there."""
    tables = [table_file(split) for split in SPLITS]
    files = [*tables, *(task.file for task in _files(job))]
    return not all((job.folder / file).exists() for file in files)


def _files(job: Job) -> Sequence[Task]:
    """Noise first: it takes longest."""
    noises = [Background(s, n) for s in SPLITS for n in range(job.stock(s).noises)]
    stock = [(s, *of) for s in SPLITS for of in job.stock(s).sounds.items()]
    return [*noises, *(DrySound(s, label, k) for s, label, count in stock for k in range(count))]


def _to_plan(job: Job) -> list[Piece]:
    """Of the tables that are not there."""
    sizes = {s: n for s, n in zip(SPLITS, job.scale.mixtures) if not _planned(job, s)}
    return [
        Piece(s, k, min(k + _PIECE, size))
        for s, size in sizes.items()
        for k in range(0, size, _PIECE)
    ]


def _planned(job: Job, split: str) -> bool:
    return (job.folder / table_file(split)).exists()


def _begin(job: Job) -> None:
    _Worker.job = job


def _make(task: Task) -> str:
    """Make and write one file; returns its split."""
    job = _Worker.job
    path = job.folder / task.file
    if isinstance(task, DrySound):
        wave = job.bank.sound(GROUPS[task.split], task.label, task.number)
        write_wav(path, wave[None])
    elif isinstance(task, Background):
        kind = list(KINDS)[task.number % len(KINDS)]
        rng = generator(job.seed, NAME, "noise", task.split, task.number)
        samples = job.scale.seconds * RATE
        write_wav(path, make_noise(kind, job.options.noise, job.options.array, samples, rng))
    else:
        write_text(path, "".join(_lines(job, task)))
    return task.split


def _lines(job: Job, piece: Piece) -> list[str]:
    files, stock = job.files, job.stock(piece.split)
    plan = partial(plan_mixture, files, stock, job.options, seed=job.seed, split=piece.split)
    return [as_line(plan(index=k)) for k in range(piece.first, piece.last)]
