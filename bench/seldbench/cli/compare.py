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
    from seldbench.report.paired import Pairing

TASKS = "sed, seld, tagging or sources"
UNFOLDED = 100_000  # characters: wider than any table


def compare(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="Runs, none for all; with --task files: NAME=PATH, comma between seeds."
        ),
    ] = [],  # noqa: B006 - typer copies it
    table: Annotated[Optional[str], typer.Option(help="PAPER/N, such as ast_sed/1.")] = None,  # noqa: UP045
    baseline: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Hold all others against this system; none: all pairs."),
    ] = None,
    score: Annotated[
        list[str], typer.Option(help="A score to compare in; repeatable; none: the headlines.")
    ] = [],  # noqa: B006
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
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Measured beside published; systems that are named also pair by pair, on the same clips."""
    if task is not None:
        from seldbench.evaluation.comparison.files import compare_files

        found = compare_files(
            _reader(task, reference, durations, scorer, threshold),
            dict(_predictions(text) for text in systems),
            baseline=baseline,
            scores=score or None,
            replicates=replicates,
            seed=seed,
        )
        typer.echo(json.dumps(found.as_json(), indent=1) if as_json else "\n".join(found.lines()))
        return
    given = {"--reference": reference, "--durations": durations, "--scorer": scorer}
    stray = [name for name, value in given.items() if value is not None]
    if stray:
        raise typer.BadParameter(f"{stray[0]} is for prediction files; say which --task: {TASKS}")
    from seldbench.report.paired import Pairing

    pairing = Pairing(anyway, baseline, tuple(score) or None, replicates, seed)
    _show(_runs(systems, table, pairing), markdown, as_json)


def _runs(names: list[str], table: str | None, pairing: "Pairing") -> "Comparison":
    from seldbench.report import compare as comparing
    from seldbench.runs import open_run

    if not names:
        return comparing.compare_all(RUNS, REPORTS, table)
    chosen = [open_run(name, RUNS).path for name in names]
    return comparing.compare(chosen, table=table, pairing=pairing)


def _show(comparison: "Comparison", markdown: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(comparison.as_json(), indent=1))
    elif markdown:
        typer.echo(comparison.markdown())
    else:
        from rich.console import Console as Rich

        # A file or a pipe has no width that cells would have to be folded for.
        terminal = sys.stdout.isatty() or "COLUMNS" in os.environ
        Rich(width=None if terminal else UNFOLDED).print(comparison.rich_table())


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
