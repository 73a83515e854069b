"""`seldbench pair`: the page of two systems on the same clips."""

from pathlib import Path
from typing import Annotated

import typer

from seldbench.cli.options import REPORTS, RUNS, DataRoot


def pair(
    first: Annotated[str, typer.Argument(help="Runs of a system, comma between seeds.")],
    second: Annotated[str, typer.Argument(help="Runs of the other.")],
    out: Annotated[Path, typer.Option(help="The reports' folder.")] = REPORTS,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Compare what does not compare fairly, and mark it."),
    ] = False,
    replicates: Annotated[int, typer.Option(min=1, help="Draws of the clips.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio", help="Sounds of the shown clips, of recordings too: for yourself alone."
        ),
    ] = False,
    data_root: DataRoot = None,
) -> None:
    """What parts two systems, by score, class and clip, on a page of its own."""
    from seldbench.publishing import publish_pair_of
    from seldbench.report.tables.paired import Pairing

    one, other = ([name for name in side.split(",") if name] for side in (first, second))
    if not one or not other:
        raise typer.BadParameter("name the runs of two systems")
    pairing = Pairing(anyway, replicates=replicates, seed=seed)
    typer.echo(publish_pair_of(one, other, RUNS, out, data_root, pairing, every_sound=audio))
