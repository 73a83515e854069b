"""What a run leaves on disk: `runs/stages/<key>/` for a training, `runs/<id>/` for a system.

A stage's key is a digest of what determines it, so two runs that need the same training share it.
Every file is written under a temporary name and renamed.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seldbench import __version__, registry
from seldbench.errors import BadRun, near
from seldbench.storage import is_locked, locked, read_json, write_json

FORMAT = 1  # of a run's folder
STAGE_FORMAT = 1  # of a stage's folder and of what its key is made of
LOCK = ".lock"  # held by whoever trains a stage, or gives a run its folder


@dataclass(frozen=True)
class StageFolder:
    """The folder of one training."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "weights.safetensors"

    @property
    def scaling(self) -> Path:
        """The statistics that the features' scaling was fitted to, where it has any."""
        return self.path / "scaling.safetensors"

    @property
    def done(self) -> dict[str, Any] | None:
        """What the finished training says of itself; None before."""
        return read_json(self.path / "done.json") if (self.path / "done.json").exists() else None

    @property
    def about(self) -> dict[str, Any]:
        """What stage.json says of a training that has begun: the resolved `stage`, and of newer
        ones its name, recipe, data, seed, parents and source; {} before."""
        path = self.path / "stage.json"
        content = read_json(path) if path.exists() else {}
        return content if "stage" in content or not content else {"stage": content}

    @property
    def source(self) -> str | None:
        """The digest of the source that it was trained with; of several, all, joined by "+"."""
        known = self.about.get("source")
        path = self.path / "environment.json"
        return known or (read_json(path).get("source") if path.exists() else None)

    @property
    def log(self) -> list[dict[str, Any]]:
        """What is known of each epoch, the first one first.

        Raises:
            BadRun: the log is no JSON lines.
        """
        path = self.path / "log.jsonl"
        try:
            return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        except FileNotFoundError:
            return []
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadRun(f"{path}: not JSON lines ({error}); train the stage again") from None

    @property
    def aside(self) -> "StageFolder":
        """Where it is trained anew while its old weights stay in their place."""
        return StageFolder(self.path / "retraining")

    @property
    def locked(self) -> bool:
        """Whether somebody trains it now."""
        return is_locked(self.path / LOCK)

    @property
    def state(self) -> str:
        """ "done", "begun" (it goes on where it stopped) or "to do"."""
        if (self.path / "done.json").exists():
            return "done"
        return "begun" if (self.path / "resume.safetensors").exists() else "to do"


@dataclass(frozen=True)
class Run:
    """The folder of one system: run.json, recipe.json, reference/, predictions/, scores.json."""

    path: Path

    @property
    def about(self) -> dict[str, Any]:
        return read_json(self.path / "run.json")

    @property
    def predictions(self) -> Path:
        return self.path / "predictions"

    @property
    def reference(self) -> Path:
        return self.path / "reference"

    @property
    def finished(self) -> bool:
        return (self.path / "scores.json").exists()

    @property
    def scores(self) -> dict[str, Any]:
        """Raises BadRun where the run is not finished."""
        if not self.finished:
            raise BadRun(f"{self.path}: not finished; start its command again and it goes on")
        return read_json(self.path / "scores.json")

    @property
    def folds(self) -> list[str]:
        """Those that were trained, of a set that has folds; else none."""
        return list(dict.fromkeys(w.split("@")[1] for w in self.about["stages"] if "@" in w))

    def stage(self, name: str) -> StageFolder:
        """The training of a stage, "NAME" or "NAME@FOLD"; of the first fold where none is named."""
        every = self.about["stages"]
        keys = {which.split("@")[0]: key for which, key in reversed(every.items())} | every
        return StageFolder(self.path.parent / "stages" / keys[name])


def open_run(name: str | Path, runs: Path = Path("runs")) -> Run:
    """The run of that path, or of that name in `runs`.

    Raises:
        BadRun: no such run (with the nearest), or one of another version's format.
    """
    path = Path(name)
    if not (path / "run.json").exists():
        path = runs / str(name)
    if not (path / "run.json").exists():
        known = [r.path.name for r in all_runs(runs)]
        raise BadRun(f"no run {str(name)!r} in {runs}/{near(str(name), known)}")
    run = Run(path)
    written = run.about.get("format")
    if written != FORMAT:
        raise BadRun(
            f"{path}: run format {written}, this is seldbench {__version__} with format {FORMAT};"
            f" use the version that wrote it ({run.about.get('seldbench', 'unknown')}) or run again"
        )
    return run


def all_runs(runs: Path) -> list[Run]:
    """The runs of a folder, oldest first; none where there is no folder."""
    return [Run(p.parent) for p in sorted(runs.glob("*/run.json"))]


def newest_run(runs: Path, key: str) -> Run | None:
    """The run of that key that was begun last."""
    known = [(run, run.about) for run in all_runs(runs)]
    same = [(r, a) for r, a in known if a.get("key") == key and a.get("format") == FORMAT]
    # Of one second, the name's number tells which came later.
    times = {
        r: (datetime.fromisoformat(a["created"]), len(r.path.name), r.path.name) for r, a in same
    }
    return max(times, key=lambda run: times[run], default=None)


def start_run(
    runs: Path, about: Mapping[str, Any], superseded: Callable[[Run], bool] = lambda run: False
) -> Run:
    """The newest unfinished or finished run of the same key, or a new folder.

    `about`: what run.json holds but for id, created, format, state and version; `key` is the digest
    of all that determines the run; an ensemble's seed is None. superseded: whether a finished run
    is to be made anew, in a folder of its own.
    """
    with locked(runs / LOCK):
        run = newest_run(runs, about["key"])
        if run is not None and not (run.finished and superseded(run)):
            return run
        created = datetime.now().astimezone()
        seed = "" if about["seed"] is None else f"-s{about['seed']}"
        label = f"{about['arch']}-{about['dataset']}-{about['variant']}{seed}"
        name = f"{created:%Y%m%d-%H%M%S}-{label}"
        run = Run(_unused(runs / name))
        write_json(
            run.path / "run.json",
            {
                "format": FORMAT,
                "id": run.path.name,
                **about,
                "created": created.isoformat(timespec="seconds"),
                "seldbench": __version__,
                "state": "running",
            },
        )
        return run


def finish_run(run: Run) -> None:
    write_json(run.path / "run.json", {**run.about, "state": "finished"})


def digest(content: Any) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of its one text."""
    return hashlib.sha256(one_text(content).encode()).hexdigest()[:16]


def one_text(content: Any) -> str:
    """One text for one meaning: JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def environment(device: str) -> dict[str, Any]:
    """Machine, versions and the digest of the plug-ins' source."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "device": device,
        "packages": {name: _version(name) for name in ("torch", "numpy", "scipy", "timm")},
        "source": source_digest(),
    }


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def source_digest() -> str:
    """Digest of the Python source of every plug-in package; one for as long as a process runs."""
    total = hashlib.sha256()
    for name, folder in registry.packages().items():
        for path in sorted(folder.rglob("*.py")):
            total.update(f"{name}/{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def command() -> list[str]:
    """The command line that started this process, as a user would type it."""
    return ["seldbench", *sys.argv[1:]]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _unused(path: Path) -> Path:
    for i in range(1, 1000):
        candidate = path if i == 1 else path.with_name(f"{path.name}-{i}")
        try:
            candidate.mkdir(parents=True)
            return candidate
        except FileExistsError:
            continue
    raise BadRun(f"{path}: a thousand runs of one second; clean up {path.parent}")
