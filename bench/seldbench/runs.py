"""What a run leaves on disk: `runs/stages/<key>/` for a training, `runs/<id>/` for a system.

A stage's key is a digest of what determines it, so two runs that need the same training share it.
Every file is written under a temporary name and renamed.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seldbench import __version__, registry
from seldbench.errors import BadRun, near
from seldbench.storage import locked, read_json, write_json

FORMAT = 1  # of a run's folder
STAGE_FORMAT = 1  # of a stage's folder and of what its key is made of


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
    def state(self) -> str:
        """ "done", "begun" (it goes on where it stopped) or "to do"."""
        if self.done is not None:
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
    def scores(self) -> dict[str, Any]:
        """Raises BadRun where the run is not finished."""
        if not (self.path / "scores.json").exists():
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


def start_run(runs: Path, about: Mapping[str, Any]) -> Run:
    """The unfinished or finished run of the same key, or a new folder.

    `about`: what run.json holds but for id, created, format, state and version; `key` is the digest
    of all that determines the run; an ensemble's seed is None.
    """
    with locked(runs / ".lock"):
        for run in all_runs(runs):
            known = run.about
            if known.get("key") == about["key"] and known.get("format") == FORMAT:
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
    """The first 16 hexadecimal digits of the SHA-256 of canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def environment(device: str) -> dict[str, Any]:
    """Machine, versions and the digest of the plug-ins' source."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "device": device,
        "packages": {name: _version(name) for name in ("torch", "numpy", "scipy", "timm")},
        "source": source_digest(),
    }


def source_digest() -> str:
    """Digest of the Python source of every plug-in package."""
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
