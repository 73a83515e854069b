"""`seldbench check-submission`: is a folder of DCASE task 3 files fit to hand in?"""

from pathlib import Path
from typing import Annotated, Optional

import typer


def check_submission(
    folder: Annotated[Path, typer.Argument(help="A CSV a recording.")],
    year: Annotated[int, typer.Option(help="Of the challenge, 2019 to 2024.")],
    dialect: Annotated[
        Optional[str],  # noqa: UP045 - typer reads it
        typer.Option(help="Its columns, where the year takes several; none: angles."),
    ] = None,
    recordings: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder whose files name the recordings that there must be."),
    ] = None,
) -> None:
    """Whether DCASE task 3 files follow their year's rules; if not, the first one broken."""
    from seldbench.annotations import check_submission as check
    from seldbench.errors import MissingData

    if recordings is not None and not recordings.is_dir():
        raise MissingData(f"{recordings}: no such folder of recordings")
    names = None if recordings is None else sorted(path.stem for path in recordings.iterdir())
    table = check(folder, year, dialect=dialect, recordings=names)
    typer.echo(
        f"{folder}: {len(table.files)} files, {len(table)} rows; no rule of {year} is broken"
    )
