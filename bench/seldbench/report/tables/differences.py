"""Why measured and published values may differ, in words."""

from collections.abc import Iterator

from seldbench.report.marks import (
    CROSS_VALIDATED,
    SELECTED_ON_TEST,
    WARNINGS,
    said,
    starts_at_random,
)
from seldbench.report.results.result import Group
from seldbench.report.tables.paper import REDUCED, MeasuredRow
from seldbench.tables import PublishedTable


def reasons(row: MeasuredRow, table: PublishedTable) -> Iterator[tuple[str, ...]]:
    """Those of each system that was measured of a row."""
    for group in row.groups:
        yield (*_of_data(group, row), *_of_run(group))
    for group in row.reduced:
        smaller = f"{REDUCED}: the variant {group.first.variant}, not {_published(row)}"
        yield (smaller, *_of_data(group, row), *_of_run(group))


def _published(row: MeasuredRow) -> str:
    return row.row.variant or "the ensemble"


def _of_data(group: Group, row: MeasuredRow) -> Iterator[str]:
    first = group.first
    if first.simulated:
        real = first.levels_elsewhere
        yield f"simulated data: {first.dataset}, whose levels say nothing about {real}"
    if first.data.partial:
        found, whole = first.data.coverage.get(first.split, (0, 0))
        yield f"partial: {found} of {whole} test clips were found"
    if first.provenance.limit is not None:
        yield f"at most {first.provenance.limit} clips of each split"


def _of_run(group: Group) -> Iterator[str]:
    first = group.first
    if first.members:
        yield f"an ensemble of {len(first.members)} runs of ours"
    if starts_at_random(first):
        yield "a part began at random, not from released weights"
    if said(first, "imported"):
        yield "weights of others, not trained here"
    yield from (
        text
        for mark, text in WARNINGS.items()
        if mark in (SELECTED_ON_TEST, CROSS_VALIDATED) and mark in first.marks
    )
    if first.changes:
        yield f"changed on the command line: {', '.join(first.changes)}"
    seeds = len(group.results)
    yield f"{seeds} seeds, their mean" if seeds > 1 else "one seed"
