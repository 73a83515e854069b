"""Work shared out over several processes, which end in order when one of them or the user does."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from seldbench.errors import SeldbenchError

Task = TypeVar("Task")
Result = TypeVar("Result")


def share_out(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    each: Callable[[Result], None],
    *,
    begin: Callable[..., None],
    given: tuple[object, ...],
    jobs: int,
    chunk: int,
    folder: Path,
) -> None:
    """Call `each` with work(task) of every task, in order.

    Args:
        begin: called with `given` first, once in each process.
        chunk: tasks that a process takes at a time.
        folder: what is worked on, for the error.

    Raises:
        SeldbenchError: a process died.
    """
    if jobs == 1:
        begin(*given)
        for task in tasks:
            each(work(task))
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=begin, initargs=given)
    try:
        with _deaf_children():
            results = pool.map(work, tasks, chunksize=chunk)
        for result in results:
            each(result)
    except BrokenProcessPool as error:
        raise SeldbenchError(
            f"{folder}: a process that made clips ended early (out of memory?); start the same"
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
