"""`seldbench compare`: measured beside published and, of runs that are named, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seldbench.errors import BadFile, BadRun, MissingData
from seldbench.report.beside import overview
from seldbench.report.paired import Paired, Pairing, paired
from seldbench.report.paper import against
from seldbench.report.results import Result, groups
from seldbench.report.score_files import of_run, published
from seldbench.report.texttable import TextTable

if TYPE_CHECKING:
    from rich.console import RenderableType

PAIRING = Pairing()


@dataclass(frozen=True)
class Comparison:
    """beside: measured beside published. paired: None where no two systems were named. further:
    measured beside published of other tasks or scorers."""

    beside: TextTable
    paired: Paired | None = None
    further: tuple[TextTable, ...] = ()

    @property
    def tables(self) -> tuple[TextTable, ...]:
        every = (self.beside, *self.further)
        return every if self.paired is None else (*every, self.paired.table())

    def markdown(self) -> str:
        """All tables in GitHub's Markdown."""
        return "\n".join(table.markdown() for table in self.tables)

    def rich_table(self) -> RenderableType:
        """All tables for a terminal."""
        from rich.console import Group

        return Group(*(table.rich_table() for table in self.tables))

    def as_json(self) -> dict[str, Any]:
        """The same as plain lists and tables; `paired` is None where no two systems were named."""
        return {
            "beside": self.beside.as_json(),
            "further": [table.as_json() for table in self.further],
            "paired": None if self.paired is None else self.paired.as_json(),
        }


def compare(
    runs: Sequence[Path] = (),
    reports: Path | None = None,
    table: str | None = None,
    *,
    pairing: Pairing = PAIRING,
) -> Comparison:
    """Run folders and published results, beside what was published of their recipe and variant.

    Several systems among `runs` are compared pair by pair as well, but not where a table is asked
    for.

    Args:
        runs: finished run folders.
        reports: a reports folder whose published results join in.
        table: `paper/number`: that table's rows in its order, with what was measured of each.

    Raises:
        BadRun, BadFile: a run that is unfinished or of another version, a broken score or
            prediction file, or runs that do not compare (`Pairing.anyway`).
        UnknownName: no such table, baseline or score. MissingData: nothing to compare.
    """
    named = [of_run(run) for run in runs]
    results = _joined(named, reports)
    if table:
        return Comparison(against(table, results))
    first, *further = overview(results)
    systems = groups({r.run: r for r in named}.values())
    if len(systems) < 2:
        return Comparison(first, None, tuple(further))
    folders = {result.run: path for result, path in zip(named, runs)}
    return Comparison(first, paired(systems, folders, pairing), tuple(further))


def compare_all(runs: Path, reports: Path, table: str | None = None) -> Comparison:
    """Everything in the folders `runs` and `reports`; runs that cannot be read go to the notes."""
    results, notes = [], []
    for path in sorted(runs.glob("*/run.json")):
        try:
            results.append(of_run(path.parent))
        except (BadRun, BadFile) as error:
            notes.append(f"left out: {error}")
    joined = _joined(results, reports)
    if not joined and not table:
        raise MissingData(
            f"nothing to compare: no finished run in {runs}/ and nothing published in {reports}/;"
            " start with `seldbench run --arch crnn --dataset desed-sim`. " + " ".join(notes)
        )
    first, *further = (against(table, joined),) if table else overview(joined)
    return Comparison(replace(first, notes=(*first.notes, *notes)), None, tuple(further))


def _joined(results: Iterable[Result], reports: Path | None) -> list[Result]:
    """Results by run; a run that is published as well counts once, as its folder says."""
    by_run = {r.run: r for r in (published(reports) if reports else [])}
    return list((by_run | {r.run: r for r in results}).values())
