"""What the caption of a table in a paper says: the task, the data, the split; and a short label."""

from collections.abc import Sequence

from seldbench.report.results.result import Group
from seldbench.report.words import ASKED, TASKS


def about(gathered: Sequence[Group], what: str = "") -> str:
    """A phrase, such as "PSDS1 by class, sound event detection on desed-sim (simulated), split
    test".

    Args:
        what: stands in it, of results of this task.
    """
    tasks = [_task(group) for group in gathered]
    splits = dict.fromkeys(f"split {group.first.split}" for group in gathered)
    parts = [f"{_both(tasks)} on {_both([data_of(group) for group in gathered])}", *splits]
    return ", ".join([*([what] if what else []), *parts])


def data_of(group: Group) -> str:
    first = group.first
    return first.dataset + (" (simulated)" if first.simulated else "")


def label(gathered: Sequence[Group], *more: str) -> str:
    """For \\label: the task, and its scorer or what was asked, then what tells it from others."""
    first = gathered[0].first
    scorer = (first.scorer or "") if first.task == "seld" else first.asked
    return " ".join(part for part in (first.task, scorer, *more) if part)


def _task(group: Group) -> str:
    """With the scorer of directions, or with what was asked."""
    first = group.first
    name = TASKS.get(first.task, first.task)
    name = name[:1].lower() + name[1:]
    if first.task == "seld":
        return f"{name} by the rules of {first.scorer}" if first.scorer else name
    return f"{name} ({ASKED.get(first.asked, first.asked)})" if first.asked else name


def _both(names: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(names))
