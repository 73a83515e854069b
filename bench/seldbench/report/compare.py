"""`seldbench compare`: measured beside published and, of runs that are named, pair by pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seldbench.errors import BadFile, BadRun, MissingData, UnknownName, near
from seldbench.report.results.result import Result, groups
from seldbench.report.results.score_files import of_run, published
from seldbench.report.tables.against import against
from seldbench.report.tables.beside import gathered_by, overview
from seldbench.report.tables.by_class import by_class
from seldbench.report.tables.latex import latex
from seldbench.report.tables.markup import markdown
from seldbench.report.tables.paired import Paired, Pairing, paired
from seldbench.report.tables.sheet import Sheet
from seldbench.report.tables.tidy import tidy
from seldbench.report.tables.to_baseline import to_baseline
from seldbench.report.tables.view import View
from seldbench.runs import all_runs, open_run

if TYPE_CHECKING:
    from rich.console import RenderableType

PAIRING, VIEW = Pairing(), View()


@dataclass(frozen=True)
class Comparison:
    """beside: measured beside published. paired: None where no two systems were paired. further:
    measured beside published of other tasks or scorers."""

    beside: Sheet
    paired: Paired | None = None
    further: tuple[Sheet, ...] = ()

    @property
    def tables(self) -> tuple[Sheet, ...]:
        every = (self.beside, *self.further)
        return every if self.paired is None else (*every, self.paired.table())

    def markdown(self) -> str:
        """All tables in GitHub's Markdown."""
        return "\n".join(map(markdown, self.tables))

    def latex(self) -> str:
        """All tables for LaTeX (`latex` says what they need)."""
        return "\n".join(map(latex, self.tables))

    def csv(self) -> str:
        """All amounts, a line each."""
        return tidy(self.tables)

    def text(self, width: int) -> str:
        """What a terminal of so many characters shows, without its colours."""
        import io

        from rich.console import Console

        console = Console(width=width, file=io.StringIO(), record=True)
        console.print(self.rich_table())
        lines = console.export_text().splitlines()
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def rich_table(self) -> RenderableType:
        """All tables for a terminal, as wide as that is."""
        from rich.console import Group

        from seldbench.report.tables.terminal import Fitting

        return Group(*map(Fitting, self.tables))

    def as_json(self) -> dict[str, Any]:
        """The same as plain lists and tables; `paired` is None where no two systems were paired."""
        return {
            "beside": self.beside.as_json(),
            "further": [table.as_json() for table in self.further],
            "paired": None if self.paired is None else self.paired.as_json(),
        }


@dataclass(frozen=True)
class _Known:
    """Results with the folders of those that have one, by run; notes: what was left out."""

    results: Sequence[Result]
    folders: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def named(names: Sequence[str], runs: Path, reports: Path) -> tuple[list[Path], list[Result]]:
    """Run folders, and published rows of which there is no folder, by their names.

    Raises:
        BadRun: neither a run nor published, with the nearest.
    """
    rows = {result.run: result for result in published(reports)}
    folders, found = [], []
    for name in names:
        try:
            folders.append(open_run(name, runs).path)
        except BadRun:
            if name not in rows:
                here = [run.path.name for run in all_runs(runs)]
                if (Path(name) / "run.json").exists() or name in here:
                    raise  # of another version
                raise BadRun(
                    f"no run {name!r} in {runs}/ and no published row of that name in {reports}/"
                    f"{near(name, [*here, *rows])}"
                ) from None
            found.append(rows[name])
    return folders, found


def compare(
    runs: Sequence[Path] = (),
    reports: Path | None = None,
    table: str | None = None,
    *,
    rows: Sequence[Result] = (),
    pairing: Pairing = PAIRING,
    view: View = VIEW,
) -> Comparison:
    """Run folders and published results, beside what was published of their recipe and variant.

    Several systems among `runs` are compared pair by pair as well, but not where a table is asked
    for.

    Args:
        runs: finished run folders.
        reports: a reports folder whose published results join in.
        table: `paper/number`: that table's rows in its order, with what was measured of each.
        rows: published results that were named beside the runs; they are not paired.

    Raises:
        BadRun, BadFile: a run that is unfinished or of another version, a broken score or
            prediction file, or runs that do not compare (`Pairing.anyway`).
        UnknownName: no such table, baseline or score. MissingData: nothing to compare.
    """
    named = [of_run(run) for run in runs]
    folders = {result.run: path for result, path in zip(named, runs)}
    known = _Known(_joined([*rows, *named], reports), folders)
    if table or view.by == "class" or pairing.baseline is not None:
        return _shown(known, table, pairing, view)
    systems = groups({r.run: r for r in named}.values())
    made = _shown(known, None, pairing, view)
    return made if len(systems) < 2 else replace(made, paired=paired(systems, folders, pairing))


def compare_all(
    runs: Path,
    reports: Path,
    table: str | None = None,
    *,
    pairing: Pairing = PAIRING,
    view: View = VIEW,
) -> Comparison:
    """Everything in the folders `runs` and `reports`; runs that cannot be read go to the notes."""
    folders, results, notes = {}, [], []
    for path in sorted(runs.glob("*/run.json")):
        try:
            results.append(of_run(path.parent))
            folders[results[-1].run] = path.parent
        except (BadRun, BadFile) as error:
            notes.append(f"left out: {error}")
    joined = _joined(results, reports)
    if not joined and not table:
        raise MissingData(
            f"nothing to compare: no finished run in {runs}/ and nothing published in {reports}/;"
            " start with `seldbench run --arch crnn --dataset desed-sim`. " + " ".join(notes)
        )
    return _shown(_Known(joined, folders, tuple(notes)), table, pairing, view)


def _shown(known: _Known, table: str | None, pairing: Pairing, view: View) -> Comparison:
    """Tables alone, or with the pairs that the differences to a baseline come from."""
    results, held = list(known.results), None
    if pairing.baseline is not None:
        _refuse_baseline(table, view)
        pairing = replace(pairing, scores=pairing.scores or view.metrics or None)
        held = to_baseline(
            pairing.baseline or "", gathered_by(results, view), known.folders, pairing
        )
    if table:
        sheets: tuple[Sheet, ...] = (against(table, results, view),)
    else:
        sheets = by_class(results, view) if view.by == "class" else overview(results, view, held)
    if not sheets:
        raise MissingData("nothing to compare: none of the results has scores by class")
    first, *further = sheets
    first = replace(first, notes=(*first.notes, *known.notes))
    return Comparison(first, None if held is None else held.found, tuple(further))


def _refuse_baseline(table: str | None, view: View) -> None:
    """Raises UnknownName where differences to a row have no place."""
    if table is not None:
        raise UnknownName(
            "--baseline: the table of a paper shows the difference to what was published; leave"
            " --table or --baseline out"
        )
    if view.by == "class":
        raise UnknownName(
            "--baseline: differences are of scores over all classes; leave --by class or --baseline"
            " out"
        )


def _joined(results: Iterable[Result], reports: Path | None) -> list[Result]:
    """Results by run; a run that is published as well counts once, as its folder says."""
    by_run = {r.run: r for r in (published(reports) if reports else [])}
    return list((by_run | {r.run: r for r in results}).values())
