"""`seldbench reproduce`: run a published row again and say whether it came out."""

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from seldbench.cli.options import REPORTS, RUNS, DataRoot, Json, console

OUTSIDE = 3  # exit status: it ran, and did not come out within the tolerance


def reproduce(
    row: Annotated[str, typer.Argument(help="A run of leaderboard.csv and reports/scores/.")],
    data_root: DataRoot = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The repetition's folder; none: one of its own in runs/reproduced/."),
    ] = None,
    tolerance: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="rounding: equal as tables show it; interval: within the published interval; or"
            " the largest difference. None: rounding on the same kind of device with the same"
            " versions, else interval."
        ),
    ] = None,
    init: Annotated[
        list[str],
        typer.Option(
            "--init", help="First weights that the row began with: a file, or a release's name."
        ),
    ] = [],  # noqa: B006 - typer copies it
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Take finished trainings of runs/ as they are.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Stages that are trained side by side.")] = 1,
    reports: Annotated[Path, typer.Option(help="Where the row is published.")] = REPORTS,
    as_json: Json = False,
) -> None:
    """Run a published row again from its own recipe and hold every score against the published.

    Exit status: 0 within the tolerance, 3 outside, 1 where it cannot be repeated here.
    """
    allowed = _tolerance(tolerance)
    from seldbench.reproducing import reproduce as repeat

    verdict = repeat(
        row,
        console,
        reports=reports,
        runs=RUNS,
        data_root=data_root,
        out=out,
        tolerance=allowed,
        init=init,
        reuse=reuse,
        jobs=jobs,
    )
    console.close()
    lines = [json.dumps(verdict.as_json(), indent=1)] if as_json else verdict.lines()
    for line in lines:
        typer.echo(line)
    if not verdict.within:
        raise typer.Exit(OUTSIDE)


def _tolerance(text: str | None) -> str | float | None:
    if text is None or text in ("rounding", "interval"):
        return text
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise typer.BadParameter(
            f"--tolerance {text!r}: expected rounding, interval, or a number such as 0.01"
        )
    return number
