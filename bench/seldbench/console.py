"""Progress for a person, on standard error: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

import typer

QUIET_SECONDS = 10.0  # between two plain lines about one task


class Console:
    """Signs the contract Progress."""

    def __init__(self) -> None:
        self._live: Any = None
        self._tasks: dict[str, Any] = {}
        self._spoke = time.monotonic()

    def say(self, line: str) -> None:
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(line, err=True)
        self._spoke = time.monotonic()

    def advance(self, task: str, done: int, total: int, note: str = "") -> None:
        if sys.stderr.isatty():
            self._bar(task, done, total, note)
        elif time.monotonic() - self._spoke > QUIET_SECONDS:
            self.say(f"{task}: {done}/{total} {note}".rstrip())

    def close(self) -> None:
        """Take the bar away, so that what follows stands alone."""
        if self._live is not None:
            self._live.stop()
            self._live, self._tasks = None, {}

    def _bar(self, task: str, done: int, total: int, note: str) -> None:
        if self._live is None:
            from rich.console import Console as Rich
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn as Remaining

            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
            self._live = Progress(*columns, Remaining(), transient=True, console=Rich(stderr=True))
            self._live.start()
        if task not in self._tasks:
            self._tasks[task] = self._live.add_task(task, total=total)
        self._live.update(self._tasks[task], completed=done, description=f"{task} {note}".rstrip())
        if done >= total:
            self._live.remove_task(self._tasks.pop(task))
