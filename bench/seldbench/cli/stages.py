"""`seldbench stages`: what was trained, where it comes from, and what nobody needs any more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from seldbench.cli.options import RUNS, Json

stages_app = typer.Typer(no_args_is_help=True, help="The trained stages, which runs share.")
UNITS = ("B", "kB", "MB", "GB", "TB")


@stages_app.command("list")
def stages_list(as_json: Json = False) -> None:
    """Every stage: what it is, its state and score, who uses it, whether its source changed."""
    from seldbench.experiment.store import stored

    rows = [one.row() for one in stored(RUNS).values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif not rows:
        typer.echo(f"no stages in {RUNS / 'stages'}")
    else:
        for line in table(rows):
            typer.echo(line)


@stages_app.command("show")
def stages_show(
    key: Annotated[str, typer.Argument(help="A stage's key, or its first characters.")],
    as_json: Json = False,
) -> None:
    """One stage: its resolved recipe, history, parents, children and provenance."""
    from seldbench.experiment.store import find, stored

    found = find(key, RUNS).details(stored(RUNS))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for line in described(found):
        typer.echo(line)


@stages_app.command("gc")
def stages_gc(
    yes: Annotated[
        bool, typer.Option("--yes", help="Take it away; else it is only listed.")
    ] = False,
) -> None:
    """Stages that no run refers to, and what dead trainings left; never what is being trained."""
    from seldbench.experiment.clearing import collect, garbage

    found = collect(RUNS) if yes else garbage(RUNS)
    for one in found.garbage:
        typer.echo(f"{size(one.bytes):>9}  {one.path}  {one.what}")
    for key in found.busy:
        typer.echo(f"{'stays':>9}  {RUNS / 'stages' / key}  of no run, but trained now")
    if not found.garbage:
        typer.echo("nothing to take away")
    elif yes:
        typer.echo(f"{size(found.bytes)} taken away")
    else:
        typer.echo(f"{size(found.bytes)} in all; nothing was taken away: --yes does it")


def size(count: int) -> str:
    """Bytes in words."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One line a stage under a line of names, columns side by side."""
    lines = [
        ("key", "stage", "data", "seed", "fold", "state", "score", "size", "when", "runs", "note"),
        *(_cells(row) for row in rows),
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    for cells in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    score, used = row["score"], row["runs"]
    more = f" and {len(used) - 1} more" if len(used) > 1 else ""
    return (
        row["key"],
        f"{row['stage'] or '?'} ({row['architecture']})",
        _or_dash(row["dataset"]),
        _or_dash(row["seed"]),
        _or_dash(row["fold"]),
        row["state"],
        "-" if score is None else f"{score:.4f}",
        size(row["bytes"]),
        row["when"][:16].replace("T", " "),
        used[0] + more if used else "none",
        row["changed"],
    )


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


def described(found: Mapping[str, Any]) -> Iterator[str]:
    """A stage for a person: what it is, where it comes from, its epochs, and its recipe as JSON."""
    plain = ("recipe", "variant", "dataset", "seed", "fold", "state", "score", "epoch", "when")
    yield f"stage {found['stage'] or '?'} [{found['key']}]"
    for name in plain:
        yield f"{name:14}{_or_dash(found[name])}"
    changed = f"; {found['changed']}" if found["changed"] else ""
    parents = [f"{name} [{key}]" for name, key in found["parents"].items()]
    children = [f"{name or '?'} [{key}]" for key, name in found["children"].items()]
    yield f"{'size':14}{size(found['bytes'])}"
    yield f"{'source':14}{_or_dash(found['source'])}{changed}"
    yield f"{'parents':14}{', '.join(parents) or '-'}"
    yield f"{'children':14}{', '.join(children) or '-'}"
    yield f"{'runs':14}{', '.join(found['runs']) or '-'}"
    for entry in found["history"]:
        yield f"epoch {entry['epoch']:<8}{_epoch(entry)}"
    yield f"provenance {json.dumps(found['provenance'], indent=1)}"
    yield f"stage {json.dumps(found['config'], indent=1)}"


def _epoch(entry: Mapping[str, Any]) -> str:
    """Loss, what was validated and the time so far of an epoch."""
    valid = entry.get("valid", {})
    scores = [f"{network} {of['score']:.4f}" for network, of in valid.items()]
    return "  ".join([f"loss {entry['loss']:.4f}", *scores, f"{entry['seconds']:.0f} s"])
