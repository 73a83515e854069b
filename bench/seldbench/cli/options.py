"""What several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from seldbench.console import Console

console = Console()
RUNS, REPORTS = Path("runs"), Path("reports")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
