"""What keeps runs from being compared fairly: other data, parts of it, or another scorer.

Two results compare when they were scored on all clips of one version of one test set, against the
same reference, by one scorer and one version of the metrics. Everything else is named, and stays a
mark.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seldbench.annotations import read_durations, read_events, read_sources, read_tags
from seldbench.errors import BadFile, BadRun
from seldbench.report.results.result import Group, Result

REFERENCE = ("ground_truth.tsv", "durations.tsv")
TAGS = "tags.tsv"  # the reference of clips without events
SOURCES = "sources.tsv"  # of mixtures
DIRECTIONS = "directions"  # the folder of a reference with directions, a CSV a clip
FACTS: dict[str, Callable[[Result], Any]] = {
    "task": lambda r: r.task,
    "data set": lambda r: r.dataset,
    "split": lambda r: r.split,
    "fold": lambda r: r.provenance.fold,
    "data version": lambda r: r.data.fingerprint[:16],
    "labels version": lambda r: r.data.test_labels,
    "sounds": lambda r: r.data.sounds,
    "scorer": lambda r: r.scorer,
    "questions": lambda r: r.asked,
    "metric version": lambda r: r.metrics_version,
}


@dataclass(frozen=True)
class Obstacle:
    """mark: what a comparison in spite of it is marked with. text: the runs that it is about."""

    mark: str
    text: str


def refuse(found: Sequence[Obstacle]) -> None:
    """Raises BadRun where there are any obstacles, with what they are and the way around them."""
    if found:
        raise BadRun(
            f"these runs do not compare: {'; '.join(o.text for o in found)}. Compare runs of one"
            " data version, whole test set and metric version, or say --anyway: the comparison is"
            " marked then"
        )


def obstacles(gathered: Sequence[Group], folders: Mapping[str, Path]) -> list[Obstacle]:
    """What keeps these systems from being compared; `folders`: of the runs, by id.

    Raises:
        BadFile: a run folder without its reference.
    """
    results = [result for group in gathered for result in group.results]
    found = _different(results)
    if not found and _apart(results, lambda r: _reference(folders[r.run])):
        names = ", ".join(f"{folders[r.run]}/reference" for r in results)
        found.append(Obstacle("different reference", f"different references ({names})"))
    for result in results:
        found += _parts(result)
    return found


def obstacles_on_record(gathered: Sequence[Group]) -> list[Obstacle]:
    """The same as far as score files tell: without the references, which lie in run folders."""
    results = [result for group in gathered for result in group.results]
    return [*_different(results), *(part for result in results for part in _parts(result))]


def shared_clips(folders: Iterable[Path]) -> set[str] | None:
    """The clips that all runs were scored on, None where those are all clips of all of them.

    A clip that some references list and others only give a duration is not shared.

    Raises:
        BadFile: a run folder with a broken reference.
    """
    sets = []
    for folder in folders:
        reference = folder / "reference"
        sets.append((set(read_durations(reference / "durations.tsv")), _listed(reference)))
    first = sets[0]
    if all(of_run == first for of_run in sets):
        return None
    everywhere = set.intersection(*(durations for durations, _ in sets))
    by_some = set[str]().union(*(listed for _, listed in sets))
    by_all = by_some.intersection(*(listed for _, listed in sets))
    return everywhere - (by_some - by_all)


def _listed(reference: Path) -> set[str]:
    """The clips whose events, directions, sources or labels are known."""
    directions = reference / DIRECTIONS
    if (reference / SOURCES).exists():
        return set(read_sources(reference / SOURCES).mixtures)
    if (reference / TAGS).exists():
        return set(read_tags(reference / TAGS).clips)
    if directions.is_dir():
        return {path.stem for path in directions.glob("*.csv")}
    return set(read_events(reference / "ground_truth.tsv").clips)


def _different(results: Sequence[Result]) -> list[Obstacle]:
    return [
        Obstacle(f"different {name}", f"different {name} ({values})")
        for name, fact in FACTS.items()
        if (values := _apart(results, lambda r, f=fact: str(f(r))))  # type: ignore[misc]
    ]


def _parts(result: Result) -> list[Obstacle]:
    if result.provenance.limit is not None:
        limit = f"limit {result.provenance.limit}"
        return [Obstacle(limit, f"{result.run} was limited ({limit})")]
    if result.data.partial:
        count, expected = result.data.coverage.get(result.split, (0, 0))
        missing = f": {count} of {expected} clips" if count < expected else ""
        return [Obstacle("partial", f"{result.run} was scored on a partial test set{missing}")]
    return []


def _apart(results: Sequence[Result], fact: Callable[[Result], str]) -> str:
    """'value: runs; value: runs' where results differ in a fact, else ''."""
    runs: dict[str, list[str]] = {}
    for result in results:
        runs.setdefault(fact(result), []).append(result.run)
    return "; ".join(f"{v}: {', '.join(r)}" for v, r in runs.items()) if len(runs) > 1 else ""


def _reference(folder: Path) -> str:
    """A digest of the reference that a run was scored against, whatever the order of its rows."""
    reference = folder / "reference"
    if (reference / DIRECTIONS).is_dir():
        files = [*sorted((reference / DIRECTIONS).glob("*.csv")), reference / "durations.tsv"]
    elif (reference / SOURCES).exists():
        files = [reference / SOURCES]
    elif (reference / TAGS).exists():
        files = [reference / TAGS]
    else:
        files = [reference / name for name in REFERENCE]
    total = hashlib.sha256()
    for path in files:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise BadFile(
                f"{path}: cannot be read ({error.strerror}); a run folder must be whole: run again"
            ) from None
        total.update(path.name.encode() + b"\0" + b"\n".join(sorted(lines)) + b"\0")
    return total.hexdigest()
