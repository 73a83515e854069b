"""What several commands share."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from seldbench.console import Console

console = Console()
LARGEST = 2**32 - 1  # of the numbers that options take: what every random generator seeds from
RUNS, REPORTS = Path("runs"), Path("reports")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataRoot = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it
    typer.Option(
        "--data-root",
        envvar="SELDBENCH_DATA",
        help="The folder that data sets lie in; none: `data` here.",
    ),
]
