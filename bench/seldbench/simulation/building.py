"""Rendering the clips of a set to files, in several processes. What is there is not made again."""

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import soundfile

from seldbench.contracts import Progress
from seldbench.errors import SeldbenchError
from seldbench.simulation.bank import Bank
from seldbench.simulation.calibration import RATE
from seldbench.simulation.planning import ClipPlan
from seldbench.simulation.rendering import render
from seldbench.simulation.splits import SPLITS
from seldbench.storage import write_bytes

_CHUNK = 8  # clips a process takes at a time


class _Worker:
    """What a process needs to make clips; set once by its initializer."""

    folder: Path
    seed: int
    bank: Bank


def render_all(
    dataset: Path,
    plans: Mapping[str, Sequence[ClipPlan]],
    *,
    seed: int,
    bank: Bank,
    jobs: int,
    progress: Progress,
) -> None:
    """Write every clip that is not there yet below `dataset`; each file is whole or absent.

    Raises:
        WriteFailed: a file could not be written. SeldbenchError: a process died.
    """
    every = [plan for of_split in plans.values() for plan in of_split]
    missing = [plan for plan in every if not clip_path(dataset, plan).exists()]
    done = len(every) - len(missing)
    if jobs == 1:
        _begin(dataset, seed, bank)
        _count(map(_make, missing), done, len(every), progress)
        return
    pool = ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=_begin, initargs=(dataset, seed, bank)
    )
    try:
        with _deaf_children():
            made = pool.map(_make, missing, chunksize=_CHUNK)
        _count(made, done, len(every), progress)
    except BrokenProcessPool as error:
        raise SeldbenchError(
            f"{dataset}: a process that made clips ended early (out of memory?); start the same"
            " command again, it goes on; with fewer jobs it needs less memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started meanwhile do not hear Ctrl-C: this one does, and ends them in order."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def clip_path(dataset: Path, plan: ClipPlan) -> Path:
    return dataset / SPLITS[plan.split].audio / plan.name


def _count(made: Iterable[str], done: int, total: int, progress: Progress) -> None:
    for split in made:
        done += 1
        progress.advance("simulate", done, total, split)


def _begin(folder: Path, seed: int, bank: Bank) -> None:
    _Worker.folder, _Worker.seed, _Worker.bank = folder, seed, bank


def _make(plan: ClipPlan) -> str:
    """Render and write one clip; returns its split."""
    wave = render(plan, _Worker.seed, _Worker.bank)
    content = BytesIO()
    soundfile.write(content, wave, RATE, format="WAV", subtype="PCM_16")
    write_bytes(clip_path(_Worker.folder, plan), content.getvalue())
    return plan.split
