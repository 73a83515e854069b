"""Where a system's numbers come from: what a row of the leaderboard opens."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seldbench.report.results.result import Group, Result


@dataclass(frozen=True)
class Tuned:
    """Values fixed before the test was scored. origin: the split they came from. rows: the class,
    then a threshold and a median filter (seconds) a run; None for no value."""

    origin: str
    rows: tuple[tuple[str, tuple[tuple[float | None, float | None], ...]], ...]
    directions: tuple[float | None, ...]


@dataclass(frozen=True)
class Provenance:
    """What the runs of a group share, and the machines that they ran on.

    recipe: as it was resolved. first_weights: {part: where from}. machines: each with the seeds
    that ran there. coverage: {split: clips found of clips expected}.
    """

    command: str
    recipe: str
    first_weights: dict[str, str]
    machines: tuple[tuple[str, str], ...]
    coverage: dict[str, str]
    tuned: Tuned | None


def provenance(group: Group) -> Provenance:
    first = group.first
    return Provenance(
        command=shlex.join(first.provenance.command),
        recipe=json.dumps(first.provenance.recipe, indent=1, ensure_ascii=False),
        first_weights={part or "all": said(origin) for part, origin in first.init.items()},
        machines=tuple(_machines(group.results)),
        coverage={s: f"{n} of {whole}" for s, (n, whole) in first.data.coverage.items()},
        tuned=_tuned(group.results),
    )


def reproduced_by(result: Result) -> str:
    """The command that runs a row again and holds it against this one."""
    return shlex.join(["seldbench", "reproduce", result.run])


def said(origin: Any) -> str:
    """A table of words in one line."""
    if isinstance(origin, Mapping):
        return ", ".join(f"{name} {value}" for name, value in origin.items())
    return str(origin)


def _machines(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """(machine and versions, the seeds that ran there; "" for all)."""
    gathered: dict[str, list[str]] = {}
    for result in results:
        gathered.setdefault(_machine(result), []).append(str(result.seed))
    for machine, seeds in gathered.items():
        yield machine, ", ".join(seeds) if len(gathered) > 1 else ""


def _machine(result: Result) -> str:
    of = result.environment
    parts = [f"seldbench {result.seldbench}"]
    parts += [f"source {of['source']}"] if of.get("source") else []
    parts += [f"Python {of['python']}"] if of.get("python") else []
    parts += [f"{name} {release}" for name, release in (of.get("packages") or {}).items()]
    parts += [str(of[name]) for name in ("system", "device") if of.get(name)]
    parts += [f"{of['cores']} cores"] if of.get("cores") else []
    return ", ".join(parts)


def _tuned(results: Sequence[Result]) -> Tuned | None:
    posts = [result.post for result in results]
    if not any(posts):
        return None
    classes = dict.fromkeys(
        name for post in posts if post for name in (*post.thresholds, *post.medians)
    )
    rows = tuple(
        (
            name,
            tuple(
                (post.thresholds.get(name), post.medians.get(name)) if post else (None, None)
                for post in posts
            ),
        )
        for name in classes
    )
    directions = tuple(post.direction if post else None for post in posts)
    known = any(value is not None for value in directions)
    origins = dict.fromkeys(post.origin for post in posts if post and post.origin)
    return Tuned(", ".join(origins), rows, directions if known else ())
