"""`seldbench score TASK`: anybody's prediction files against a reference."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from seldbench.evaluation import Scores

score_app = typer.Typer(no_args_is_help=True, help="Score anybody's prediction files.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@score_app.command("sed")
def score_sed(
    reference: Annotated[Path, typer.Option(help="DESED TSV of the true events.")],
    durations: Annotated[Path, typer.Option(help="TSV of filename and duration.")],
    predictions: Annotated[
        Path, typer.Option(help="Events, operating points or frame scores; told apart by header.")
    ],
    threshold: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Where events are decided: an operating point, or of frame scores."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Event-based F1 and PSDS of DESED-style files, with intervals."""
    from seldbench.evaluation import score_sed_files

    scores = score_sed_files(reference, durations, predictions, threshold=threshold)
    _show(scores, as_json)


def _show(scores: "Scores", as_json: bool) -> None:
    typer.echo(json.dumps(scores.as_json(), indent=1) if as_json else "\n".join(scores.lines()))
