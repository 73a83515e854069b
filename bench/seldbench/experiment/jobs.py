"""`run --jobs N`: independent stages trained side by side, each in a process of its own.

A process trains one stage, as it would be trained alone. Where one fails, no other begins and those
that run go on to their end: their work is another's. Stopped, each loses its epoch at most.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from typing import Any

from seldbench import errors, runs
from seldbench.contracts import Progress
from seldbench.errors import SeldbenchError
from seldbench.experiment.keys import Node
from seldbench.experiment.preparing import Data
from seldbench.experiment.provenance import why_anew
from seldbench.experiment.run import Experiment
from seldbench.experiment.worker import Task, work
from seldbench.processes import deaf_children, ended_by_sigterm

ENDING = 15.0  # seconds that a process has to end in order
THREADS = "OMP_NUM_THREADS"


@dataclass(eq=False)
class _Job:
    """A stage in training. ended: how, once it said so."""

    task: Task
    process: SpawnProcess
    messages: connection.Connection
    ended: tuple[str, ...] = ()


def train_side_by_side(
    experiments: Sequence[Experiment], jobs: int, reopen: Callable[[], Data], progress: Progress
) -> None:
    """Train all stages of some runs that are not finished, or that are to be trained anew.

    Args:
        reopen: the experiments' data once more, in another process.

    Raises:
        SeldbenchError: what the first stage that failed said of it.
    """
    for experiment in experiments:
        experiment.prepare(experiment.folds[0])  # what would fail, fails before anything is trained
        # From now on runs refer to the stages, and nobody takes them away.
        runs.start_run(experiment.folder, experiment.about(), experiment.superseded)
    waiting = tasks(experiments, reopen)
    if not waiting:
        return
    progress.say(f"{len(waiting)} stages to be trained, {min(jobs, len(waiting))} side by side")
    with ended_by_sigterm():
        _Trainings(waiting, jobs, progress).run()


def tasks(experiments: Sequence[Experiment], reopen: Callable[[], Data]) -> dict[str, Task]:
    """Every training that there is to do, once, by key; parents before children."""
    found: dict[str, Task] = {}
    for experiment in experiments:
        for fold in experiment.folds:
            for node in experiment.nodes(fold):
                if node.key not in found and _to_do(node, experiment.retrain):
                    found[node.key] = _task(experiment, fold, node, reopen)
    return found


def _to_do(node: Node, retrain: bool) -> bool:
    return node.folder.state != "done" or (retrain and bool(why_anew(node)))


def _task(experiment: Experiment, fold: int, node: Node, reopen: Callable[[], Data]) -> Task:
    return Task(
        recipe=experiment.recipe,
        reopen=reopen,
        seed=experiment.seed,
        folder=experiment.folder.absolute(),
        fold=fold,
        name=node.name,
        key=node.key,
        parents=tuple(parent.key for parent in node.parents.values()),
        retrain=experiment.retrain,
    )


class _Trainings:
    """The processes of one command."""

    def __init__(self, waiting: dict[str, Task], jobs: int, progress: Progress) -> None:
        self._waiting, self._jobs, self._progress = waiting, jobs, progress
        self._unfinished = set(waiting)
        self._running: list[_Job] = []
        self._error: SeldbenchError | None = None

    def run(self) -> None:
        """Until all are trained, or one failed and those beside it came to their end."""
        try:
            self._begin()
            while self._running:
                self._hear()
                self._begin()
        finally:
            self._end()
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        """Start what may be started."""
        while self._error is None and len(self._running) < self._jobs:
            task = next((t for t in self._waiting.values() if self._ready(t)), None)
            if task is None:
                return
            del self._waiting[task.key]
            self._running.append(_started(task, self._jobs))

    def _ready(self, task: Task) -> bool:
        return not self._unfinished.intersection(task.parents)

    def _hear(self) -> None:
        """Take what the processes say next."""
        by_pipe = {job.messages: job for job in self._running}
        for pipe in connection.wait(list(by_pipe)):
            job = by_pipe[pipe]  # type: ignore[index]
            try:
                self._take(job, job.messages.recv())
            except (EOFError, OSError):  # at its end, or killed in the middle of a message
                self._close(job)

    def _take(self, job: _Job, message: tuple[Any, ...]) -> None:
        kind, *said = message
        if kind == "say":
            self._progress.say(f"{job.task.label}: {said[0]}")
        elif kind == "advance":
            task, *numbers = said
            self._progress.advance(f"{job.task.label}: {task}", *numbers)
        else:
            job.ended = (kind, *said)

    def _close(self, job: _Job) -> None:
        """A process is at its end."""
        job.process.join()
        job.messages.close()
        self._running.remove(job)
        if job.ended[:1] == ("done",):
            self._unfinished.discard(job.task.key)
            return
        error = _failure(job)
        beside = ", ".join(other.task.label for other in self._running)
        more = f"; {beside}: trained to the end, nothing else begins" if beside else ""
        self._progress.say(f"{job.task.label} failed{more}")
        self._error = self._error or error

    def _end(self) -> None:
        """Stop what still runs."""
        for job in self._running:
            job.process.terminate()
        for job in self._running:
            job.process.join(ENDING)
            if job.process.is_alive():
                job.process.kill()
                job.process.join()


def _started(task: Task, jobs: int) -> _Job:
    ours, theirs = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=work, args=(task, theirs), name=task.label)
    with deaf_children(), _shared_threads(jobs):
        process.start()
    theirs.close()  # the end of theirs is then the end of the pipe
    return _Job(task, process, ours)


@contextmanager
def _shared_threads(jobs: int) -> Iterator[None]:
    """Processes that start meanwhile have their share of the cores; what the user set holds."""
    if THREADS in os.environ:
        yield
        return
    os.environ[THREADS] = str(max(1, runs.cores() // jobs))
    try:
        yield
    finally:
        del os.environ[THREADS]


def _failure(job: _Job) -> SeldbenchError:
    """What a process said of its error, or that it said nothing."""
    if job.ended:
        _, kind, words = job.ended
        return getattr(errors, kind, SeldbenchError)(words)
    code = job.process.exitcode or 0
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return SeldbenchError(
        f"stage {job.task.name} [{job.task.key}]: its process ended early ({how}; out of memory?);"
        " start the same command again and it goes on; with fewer --jobs it needs less memory"
    )
