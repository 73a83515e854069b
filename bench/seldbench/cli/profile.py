"""`seldbench profile`: parameters, multiply-accumulates and latency."""

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from seldbench.cli.options import REPORTS, Json, console


def profile(
    arch: Annotated[
        Optional[str],  # noqa: UP045 - typer reads it
        typer.Argument(
            metavar="ARCH",
            help="The architecture; with --published the reports' folder, `reports` if absent.",
        ),
    ] = None,
    dataset: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Whose recipe; none: the architecture's first."),
    ] = None,
    variant: Annotated[
        str, typer.Option(help="Variants, comma separated; first one if absent.")
    ] = "",
    size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="tiny, small or base, where the architecture has sizes."),
    ] = None,
    set_: Annotated[
        list[str], typer.Option("--set", help="key=value on top of the recipe; repeatable.")
    ] = [],  # noqa: B006
    classes: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="How many; none: as many as the data set has."),
    ] = None,
    device: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Where it is timed, cpu or cuda; none: a GPU where there is one."),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(
            min=1, help="Clips that are heard together in the second timing, or with --time."
        ),
    ] = 8,
    seconds: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0.01, help="How long a clip is; none: one window."),
    ] = None,
    published: Annotated[
        bool,
        typer.Option(
            "--published", help="Count for score files in a reports' folder that lack their cost."
        ),
    ] = False,
    time: Annotated[
        bool,
        typer.Option(
            "--time", help="With --published: time all of them here, side by side, with noise."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Parameters, multiply-accumulates, memory and latency; needs neither weights nor data."""
    if published:
        from seldbench.profiling import Timing, add_costs

        timing = Timing(device, batch) if time else None
        for line in add_costs(Path(arch) if arch else REPORTS, timing):
            typer.echo(line)
        return
    if time:
        raise typer.BadParameter("--time is for --published; an architecture is timed anyway")
    if arch is None:
        raise typer.BadParameter("name an architecture: seldbench list architectures")
    from seldbench.profiling import profiles

    found = []
    for one in profiles(
        arch,
        dataset=dataset,
        variants=[name for name in variant.split(",") if name],
        settings=set_,
        size=size,
        classes=classes,
        device=device,
        batch=batch,
        seconds=seconds,
    ):
        console.close()
        found.append(one.as_json())
        if not as_json:
            typer.echo("\n".join(one.lines()))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
