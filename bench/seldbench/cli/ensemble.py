"""`seldbench ensemble`: the mean of finished runs as a run of its own."""

from typing import Annotated, Optional

import typer

from seldbench.cli.options import RUNS, console


def ensemble(
    members: Annotated[list[str], typer.Argument(help="Finished runs, two at least.")],
    post: Annotated[
        Optional[str],  # noqa: UP045 - typer reads it
        typer.Option(help="SED: the member whose thresholds and medians act on the means."),
    ] = None,
    label: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="What tables call it, such as 'AST ensemble-S'."),
    ] = None,
) -> None:
    """Average the scores of runs on the same data; SED and tagging."""
    from seldbench.experiment.ensemble import ensemble
    from seldbench.experiment.start import finish

    run = ensemble(members, RUNS, console, post=post, label=label)
    for line in finish(run):
        console.close()
        typer.echo(line)
