"""What several commands share."""

from pathlib import Path
from typing import Annotated

import typer

RUNS, REPORTS = Path("runs"), Path("reports")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
