"""`seldbench data simulate`: a data set in the real one's layout, where there is a real one."""

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from seldbench.cli.options import LARGEST, DataRoot, console


def data_simulate(
    dataset: Annotated[str, typer.Argument(help="A simulated set, such as desed-sim.")],
    scale: Annotated[str, typer.Option(help="tiny, small or full.")] = "small",
    sounds: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it
        typer.Option(help="A folder of recordings with a catalogue.csv; none: built-in sources."),
    ] = None,
    fill_missing: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="`procedural`: built-in sources for classes that --sounds lacks."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST, help="Another seed, another set.")] = 0,
    rooms: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Spatial sets: rooms of all splits together; none: by scale."),
    ] = None,
    moving: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            min=0, max=1, help="Spatial sets: share of the events that can move which do."
        ),
    ] = None,
    snr: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Spatial sets: lowest and highest SNR of a scene, dB; none: 6,30."),
    ] = None,
    overlap: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Spatial sets: the most events at once; none: 3."),
    ] = None,
    interferers: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(
            "--interferers/--no-interferers",
            help="Spatial sets: sounds that are not annotated; there are some by default.",
        ),
    ] = None,
    array: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Mixtures: direct (free in the air; if none) or head (on a sphere)."),
    ] = None,
    noise: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Mixtures: diffuse (if none) or coherent (one for all microphones)."),
    ] = None,
    jitter: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Mixtures: whole degrees, to 10, off the eight directions; none: 0."),
    ] = None,
    levels: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Mixtures: dominant (one source louder; if none) or equal (three)."),
    ] = None,
    data_root: DataRoot = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Make a data set in the real one's layout; the same arguments give the same files."""
    from seldbench.datasets import simulate

    options: dict[str, Any] = {"scale": scale, "seed": seed, "sounds": sounds}
    options |= {"fill_missing": fill_missing, "jobs": jobs, "progress": console}
    spatial: dict[str, Any] = {
        "rooms": rooms,
        "moving": moving,
        "snr": None if snr is None else _pair(snr),
    }
    spatial |= {"overlap": overlap, "interferers": interferers}
    spatial |= {"array": array, "noise": noise, "jitter": jitter, "levels": levels}
    # Passed only where given: a set that lacks an option refuses it, rather than ignore it.
    options |= {name: value for name, value in spatial.items() if value is not None}
    folder = simulate(dataset, data_root, **options)
    console.close()
    typer.echo(folder)


def _pair(text: str) -> tuple[int, int]:
    try:
        low, high = (int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"--snr {text!r}: expected the lowest and the highest, whole dB, such as 6,30"
        ) from None
    return low, high
