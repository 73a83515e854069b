"""Work shared out over several processes, which end in order when one of them or the user does."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol, TypeVar

from seldbench.errors import SeldbenchError
from seldbench.processes import deaf_children

Task = TypeVar("Task")
Result = TypeVar("Result")


class Work(Protocol):
    """What `workers` gives: call it with work(task), the tasks and what is told each result."""

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        each: Callable[[Result], None],
        *,
        chunk: int,
    ) -> None:
        """`each` hears the results in the order of the tasks; a process takes `chunk` at a time."""
        ...


@contextmanager
def workers(
    begin: Callable[..., None], given: tuple[object, ...], *, jobs: int, folder: Path
) -> Iterator[Work]:
    """Processes to share work out to; with one job, this process itself.

    Args:
        begin: called with `given` first, once in each process.
        folder: what is worked on, for the error.

    Raises:
        SeldbenchError: a process died.
    """
    if jobs == 1:
        begin(*given)
        yield _alone
        return
    pool = ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=_begin_with_parent, initargs=(begin, given)
    )

    def shared(
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        each: Callable[[Result], None],
        *,
        chunk: int,
    ) -> None:
        with deaf_children():
            results = pool.map(work, tasks, chunksize=chunk)
        for result in results:
            each(result)

    try:
        yield shared
    except BrokenProcessPool as error:
        raise SeldbenchError(
            f"{folder}: a process that made clips ended early (out of memory?); start the same"
            " command again, it goes on; with fewer jobs it needs less memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    each: Callable[[Result], None],
    *,
    chunk: int,
) -> None:
    for task in tasks:
        each(work(task))


def _begin_with_parent(begin: Callable[..., None], given: tuple[object, ...]) -> None:
    """In a process of the pool: begin, and end when the one that started it is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    # Left alone, it would wait for work for ever: the others of the pool keep its queue open.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
