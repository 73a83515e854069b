"""`seldbench compare`: runs beside what was published, and systems pair by pair."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from seldbench.cli.options import REPORTS, RUNS, Json

if TYPE_CHECKING:
    from seldbench.evaluation.comparison.files import Reader
    from seldbench.report.compare import Comparison
    from seldbench.report.tables.paired import Pairing
    from seldbench.report.tables.view import View

TASKS = "sed, seld, tagging or sources"
ENDINGS = {"text": ".txt", "markdown": ".md", "latex": ".tex", "csv": ".csv", "json": ".json"}
UNFOLDED = 100_000  # characters: wider than any table


def compare(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="Runs or published rows, none for all; with --task files: NAME=PATH, comma between"
            " seeds."
        ),
    ] = [],  # noqa: B006 - typer copies it
    table: Annotated[Optional[str], typer.Option(help="PAPER/N, such as ast_sed/1.")] = None,  # noqa: UP045
    baseline: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="A row (run or system) that all others are held against: differences with"
            " intervals and significance."
        ),
    ] = None,
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric", "--score", help="A score to show; repeatable; none: the headlines."
        ),
    ] = [],  # noqa: B006
    by: Annotated[
        str,
        typer.Option(
            help="What rows are grouped by: dataset, arch or variant; seed for a row a run; class"
            " for tables by class."
        ),
    ] = "dataset",
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Compare what does not compare fairly, and mark it."),
    ] = False,
    replicates: Annotated[int, typer.Option(min=1, help="Draws of the clips.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    task: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help=f"Compare prediction files: {TASKS}."),
    ] = None,
    reference: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Of the prediction files."),
    ] = None,
    durations: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Of the clips, for sed."),
    ] = None,
    scorer: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="For seld, such as dcase2022."),
    ] = None,
    threshold: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Where events or labels are decided, for sed and tagging."),
    ] = None,
    format_: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--format",
            help="text, markdown, latex (booktabs), csv or json; none: as --out ends, else text.",
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="Write to this file instead: .txt, .md, .tex, .csv or .json, as the format."
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As --format markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Measured beside published; systems that are named also pair by pair, on the same clips."""
    kind = _format(format_, out, markdown=markdown, as_json=as_json)
    if task is not None:
        from seldbench.evaluation.comparison.files import compare_files

        if kind not in ("text", "json"):
            raise typer.BadParameter(f"--task prints text or --json, no {kind}")
        found = compare_files(
            _reader(task, reference, durations, scorer, threshold),
            dict(_predictions(text) for text in systems),
            baseline=baseline,
            scores=metric or None,
            replicates=replicates,
            seed=seed,
        )
        plain = json.dumps(found.as_json(), indent=1) if kind == "json" else found.lines()
        _say(plain if isinstance(plain, str) else "\n".join(plain), out)
        return
    given = {"--reference": reference, "--durations": durations, "--scorer": scorer}
    stray = [name for name, value in given.items() if value is not None]
    if stray:
        raise typer.BadParameter(f"{stray[0]} is for prediction files; say which --task: {TASKS}")
    from seldbench.report.tables.paired import Pairing
    from seldbench.report.tables.view import View

    pairing = Pairing(anyway, baseline, tuple(metric) or None, replicates, seed)
    _show(_compared(systems, table, pairing, View(by, tuple(metric))), kind, out)


def _format(asked: str | None, out: Path | None, *, markdown: bool, as_json: bool) -> str:
    """What is written: as asked for, else by the file's ending, which must not contradict it."""
    from seldbench.errors import near

    named = [asked] if asked else []
    named += ["markdown"] * markdown + ["json"] * as_json
    if len({*named}) > 1:
        raise typer.BadParameter(f"--format: {' and '.join(named)} at once; name one")
    if named and named[0] not in ENDINGS:
        raise typer.BadParameter(
            f"--format {named[0]}: expected {', '.join(ENDINGS)}{near(named[0], ENDINGS)}"
        )
    if out is None or (named and not out.suffix):
        return named[0] if named else "text"
    of_ending = {ending: kind for kind, ending in ENDINGS.items()}
    if named and of_ending.get(out.suffix) != named[0]:
        raise typer.BadParameter(
            f"--out {out}: the ending {out.suffix} is not that of --format {named[0]}; name the"
            f" file {out.with_suffix(ENDINGS[named[0]])}, or leave one of the two out"
        )
    if out.suffix not in of_ending:
        known = ", ".join(f"{ending} ({kind})" for kind, ending in ENDINGS.items())
        raise typer.BadParameter(
            f"--out {out}: the ending {out.suffix or '(none)'} says no --format; end it in {known}"
        )
    return of_ending[out.suffix]


def _compared(
    names: list[str], table: str | None, pairing: "Pairing", view: "View"
) -> "Comparison":
    from seldbench.report import compare as comparing

    if not names:
        return comparing.compare_all(RUNS, REPORTS, table, pairing=pairing, view=view)
    folders, rows = comparing.named(names, RUNS, REPORTS)
    return comparing.compare(folders, table=table, rows=rows, pairing=pairing, view=view)


def _show(comparison: "Comparison", kind: str, out: Path | None) -> None:
    if kind == "text" and out is None:
        from rich.console import Console as Rich

        # A file or a pipe has no width that cells would have to be folded for.
        terminal = sys.stdout.isatty() or "COLUMNS" in os.environ
        Rich(width=None if terminal else UNFOLDED).print(comparison.rich_table())
        return
    written = {
        "text": lambda: comparison.text(UNFOLDED),
        "markdown": comparison.markdown,
        "latex": comparison.latex,
        "csv": comparison.csv,
        "json": lambda: json.dumps(comparison.as_json(), indent=1),
    }
    _say(written[kind](), out)


def _say(text: str, out: Path | None) -> None:
    """Print, or write to a file."""
    if out is None:
        typer.echo(text.removesuffix("\n"))
        return
    from seldbench.storage import write_text

    write_text(out, text if text.endswith("\n") else f"{text}\n")
    typer.echo(out)


def _reader(
    task: str,
    reference: Path | None,
    durations: Path | None,
    scorer: str | None,
    threshold: float | None,
) -> "Reader":
    from seldbench.evaluation.comparison import files

    if reference is None:
        raise typer.BadParameter("--task compares prediction files: give their --reference")
    if task == "sed":
        if durations is None:
            raise typer.BadParameter("--task sed needs the clips' --durations")
        return files.sed_reader(reference, durations, threshold)
    if task == "seld":
        if scorer is None:
            raise typer.BadParameter("--task seld needs a --scorer, such as dcase2022")
        return files.seld_reader(reference, scorer)
    if task == "tagging":
        return files.tagging_reader(reference, threshold)
    if task == "sources":
        return files.source_reader(reference)
    raise typer.BadParameter(f"--task {task!r}: expected {TASKS}")


def _predictions(text: str) -> tuple[str, list[Path]]:
    """A system's name, by default that of its first file, and its files, one a seed."""
    name, equals, rest = text.partition("=")
    paths = [Path(part) for part in (rest if equals else text).split(",")]
    return (name if equals else str(paths[0])), paths
