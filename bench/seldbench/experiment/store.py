"""What lies in `runs/stages/`: every training with its state, where it comes from and who uses it.

Reads files alone, and needs no torch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from seldbench.errors import BadFile, UnknownName, near
from seldbench.experiment.provenance import outdated, provenance
from seldbench.runs import StageFolder, all_runs
from seldbench.storage import read_json

SHORTEST = 4  # characters of a key that stand for it


@dataclass(frozen=True)
class Stored:
    """A training in the store. uses: {run: its name for the stage}, such as {"...-s0": "sed@1"}.
    known: what such a run says of itself; {} where there is none. parents: {name: key}."""

    folder: StageFolder
    uses: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.folder.path.name

    @property
    def about(self) -> dict[str, Any]:
        return self.folder.about

    @property
    def stage(self) -> dict[str, Any]:
        """The resolved stage; {} of a folder that was left empty."""
        return self.about.get("stage", {})

    @property
    def name(self) -> str | None:
        used = next(iter(self.uses.values()), None)
        return self.about.get("name") or (used and used.split("@")[0])

    @property
    def fold(self) -> int | None:
        """None where the set has no folds."""
        used = next(iter(self.uses.values()), "")
        of_use = int(used.split("@")[1]) if "@" in used else None
        return self.about["data"]["fold"] if "data" in self.about else of_use

    @property
    def epochs(self) -> int:
        """Those to be trained."""
        return int(self.stage.get("training", {}).get("epochs", 0))

    @property
    def parents(self) -> dict[str, str]:
        """{name: key} of the stages that it starts from or hears."""
        recorded = self.about.get("parents")
        if recorded is not None:
            return {name: parent["key"] for name, parent in recorded.items()}
        # Older trainings do not say it, but a run of theirs does.
        keys = {which.split("@")[0]: key for which, key in self.known.get("stages", {}).items()}
        if self.fold is not None:
            keys = {name: self.known["stages"][f"{name}@{self.fold}"] for name in keys}
        sources = [*self._begun_with(), *self.stage.get("inputs", {}).values()]
        sources += self.stage.get("labels", {}).values()
        return {s["stage"]: keys[s["stage"]] for s in sources if s.get("stage") in keys}

    @property
    def files(self) -> list[str]:
        """The keys of stages whose weights it starts from as from a file."""
        paths = [Path(o["path"]).resolve() for o in self._begun_with() if o.get("path")]
        store = self.folder.path.parent.resolve()
        return [path.parent.name for path in paths if path.parent.parent == store]

    @property
    def hangs_on(self) -> list[str]:
        """The keys of all that it cannot be trained without."""
        return [*self.parents.values(), *self.files]

    def _begun_with(self) -> list[dict[str, Any]]:
        return [o for o in self.stage.get("init", {}).values() if isinstance(o, dict)]

    @property
    def state(self) -> str:
        """In words, with the epoch of one that is begun."""
        aside, done = self.folder.aside, self.folder.state == "done"
        begun = aside if aside.about else self.folder
        at = f"epoch {len(begun.log)} of {self.epochs}"
        if self.folder.locked:
            return f"trained {'anew ' if done else ''}now, after {at}"
        if done:
            return f"done; begun anew, after {at}" if aside.about else "done"
        return f"begun, after {at}" if self.folder.state == "begun" else "to do"

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return size_of(self.folder.path)

    @property
    def when(self) -> str:
        """When it was finished, or else begun; ISO 8601."""
        said = (self.folder.done or {}).get("finished") or self.about.get("begun")
        last = max((p.stat().st_mtime for p in self.folder.path.glob("*.json")), default=0)
        return said or datetime.fromtimestamp(last).astimezone().isoformat(timespec="seconds")

    @property
    def changed(self) -> str:
        """Why `--retrain` would train it anew, or ""."""
        store = self.folder.path.parent
        return outdated(self.folder, {n: StageFolder(store / k) for n, k in self.parents.items()})

    def row(self) -> dict[str, Any]:
        """What `seldbench stages list` says of it."""
        selected = (self.folder.done or {}).get("selected", {})
        data = self.about.get("data", {})
        return {
            "key": self.key,
            "stage": self.name,
            "architecture": self.stage.get("architecture") or self.known.get("arch"),
            "dataset": data.get("name") or self.known.get("dataset"),
            "seed": self.about.get("seed", self.known.get("seed")),
            "fold": self.fold,
            "state": self.state,
            "score": selected.get("score"),
            "selected_on": selected.get("on"),
            "epoch": selected.get("epoch"),
            "bytes": self.size,
            "when": self.when,
            "runs": list(self.uses),
            "source": self.folder.source,
            "changed": self.changed,
        }

    def details(self, others: Mapping[str, "Stored"]) -> dict[str, Any]:
        """All that is known of it; children: of the `others` those that it is a parent of."""
        return {
            **self.row(),
            "recipe": self.about.get("recipe"),
            "variant": self.about.get("variant"),
            "parents": self.parents,
            "children": {k: o.name for k, o in others.items() if self.key in o.hangs_on},
            "provenance": provenance(
                {"key": self.key, "source": self.folder.source, **(self.folder.done or self.about)}
            ),
            "config": self.stage,
            "history": self.folder.log,
        }


def stored(runs: Path) -> dict[str, Stored]:
    """Every stage of a folder of runs by key, the newest last.

    Raises:
        BadFile, BadRun: a file of a run or of a stage that cannot be read.
    """
    uses: dict[str, dict[str, str]] = {}
    known: dict[str, dict[str, Any]] = {}
    for run in all_runs(runs):
        about = run.about
        for which, key in about.get("stages", {}).items():
            uses.setdefault(key, {})[run.path.name] = which
            known[key] = about
    found = [
        Stored(StageFolder(path), uses.get(path.name, {}), known.get(path.name, {}))
        for path in (runs / "stages").glob("*")
        if path.is_dir() and any(p.suffix == ".json" for p in path.iterdir())
    ]
    return {one.key: one for one in sorted(found, key=lambda one: (one.when, one.key))}


def find(key: str, runs: Path) -> Stored:
    """The stage of a key, or of its first characters.

    Raises:
        UnknownName: no such stage (with the nearest), or several.
    """
    every = stored(runs)
    begin = [k for k in every if k == key] or [k for k in every if k.startswith(key)]
    if len(begin) > 1 or (begin and len(key) < SHORTEST):
        raise UnknownName(
            f"{key!r} begins the keys of {len(begin)} stages: {', '.join(begin[:5])}; give"
            f" {SHORTEST} characters or more, of one"
        )
    if not begin:
        raise UnknownName(
            f"no stage {key!r} in {runs / 'stages'}{near(key, every)}; see `seldbench stages list`"
        )
    return every[begin[0]]


def referred(runs: Path, every: Mapping[str, Stored]) -> set[str]:
    """The keys that runs hang on: of their stages, of weights that their recipes name, and of all
    that these started from.

    Raises:
        BadFile: a run that cannot be read: what it hangs on is not known.
    """
    waiting = [one.key for one in every.values() if one.uses]
    for run in all_runs(runs):
        path = run.path / "recipe.json"
        if path.exists():
            waiting += _named(read_json(path), path)
    found: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            one = every.get(key)
            waiting += one.hangs_on if one else []
    return found


def _named(recipe: Any, path: Path) -> Iterator[str]:
    """The folders of the files that a recipe's stages start from."""
    try:
        for stage in recipe.get("stages", {}).values():
            for origin in stage.get("init", {}).values():
                if isinstance(origin, dict) and origin.get("path"):
                    yield Path(origin["path"]).parent.name
    except AttributeError:
        raise BadFile(f"{path}: not a recipe as runs keep it; delete that run first") from None


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files under a folder."""
    every = [path] if path.is_file() else path.rglob("*")
    return sum(_bytes(p) for p in every)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # a training that runs took it away
        return 0
