"""The metadata of a DESED tree: tab-separated tables with one header line, times in seconds.

Source: the layout of the DCASE 2022 task 4 development set. A clip without events keeps a row whose
other fields are empty.
"""

from collections.abc import Sequence

from seldbench.simulation.planning import ClipPlan
from seldbench.simulation.splits import Split


def tables(split: Split, plans: Sequence[ClipPlan]) -> dict[str, str]:
    """{path below `dataset/`: text} of a split."""
    write = {"strong": strong_table, "weak": weak_table, "none": name_table}[split.labels]
    found = {split.table: write(plans)}
    if split.durations:
        found[split.durations] = duration_table(plans)
    return found


def strong_table(plans: Sequence[ClipPlan]) -> str:
    """`filename onset offset event_label`, an event a row."""
    rows = ["filename\tonset\toffset\tevent_label"]
    for plan in plans:
        rows += [f"{plan.name}\t{e.onset:.3f}\t{e.offset:.3f}\t{e.label}" for e in plan.events]
        if not plan.events:
            rows.append(f"{plan.name}\t\t\t")
    return _text(rows)


def weak_table(plans: Sequence[ClipPlan]) -> str:
    """`filename event_labels`, labels separated by commas."""
    return _text(
        ["filename\tevent_labels"]
        + [f"{p.name}\t{','.join(sorted({e.label for e in p.events}))}" for p in plans]
    )


def name_table(plans: Sequence[ClipPlan]) -> str:
    return _text(["filename", *(p.name for p in plans)])


def duration_table(plans: Sequence[ClipPlan]) -> str:
    return _text(["filename\tduration", *(f"{p.name}\t{p.seconds:.3f}" for p in plans)])


def _text(rows: list[str]) -> str:
    return "\n".join(rows) + "\n"
