"""Rendering the scenes of a set to files, room by room. What is there is not made again.

The responses of as many rooms as there are processes are made at a time, kept in the build's
folder while the rooms' scenes are rendered, and removed: some 400 MB each on disk, mapped by all
processes.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seldbench.contracts import Progress
from seldbench.errors import WriteFailed
from seldbench.simulation.dry import DryBank
from seldbench.simulation.processes import workers
from seldbench.simulation.scenes.files import paths_of, write_scene
from seldbench.simulation.scenes.kinds import Hall, Kind, Place
from seldbench.simulation.scenes.planning import ScenePlan
from seldbench.simulation.scenes.rendering import render_scene
from seldbench.simulation.seeds import generator
from seldbench.simulation.spatial import Bank, Colour, Grid, Room

CACHE = ".rooms"
_CHUNK = 2  # scenes that a process takes at a time


@dataclass(frozen=True)
class Job:
    """What all processes know of a set."""

    folder: Path
    kind: Kind
    grid: Grid
    seed: int
    dry: DryBank
    places: tuple[Place, ...]

    def bank(self, hall: int) -> Bank:
        """Built where its file is absent."""
        return Bank.open(self.places[hall].room, cache=self.folder / CACHE, grid=self.grid)

    def is_there(self, plan: ScenePlan) -> bool:
        return all(p.exists() for p in paths_of(self.folder, self.places[plan.hall].hall, plan))


class _Worker:
    """A process's own; set once by its initializer."""

    job: Job


def draw_places(kind: Kind, halls: Sequence[Hall], seed: int) -> tuple[Place, ...]:
    """A room and a colour of noise for each hall."""
    rngs = [generator(seed, kind.name, "room", hall.prefix) for hall in halls]
    return tuple(Place(hall, Room.draw(rng), Colour.draw(rng)) for hall, rng in zip(halls, rngs))


def render_all(job: Job, plans: Sequence[ScenePlan], *, jobs: int, progress: Progress) -> None:
    """Write every scene that is not there yet; each file is whole or absent.

    Raises:
        WriteFailed: a file could not be written. SeldbenchError: a process died.
    """
    missing = [plan for plan in plans if not job.is_there(plan)]
    halls = sorted({plan.hall for plan in missing})
    done = len(plans) - len(missing)
    ready = 0

    def built(hall: int) -> None:
        nonlocal ready
        ready += 1
        progress.advance("rooms", ready, len(halls), job.places[hall].hall.prefix)

    def rendered(split: str) -> None:
        nonlocal done
        done += 1
        progress.advance("simulate", done, len(plans), split)

    with workers(_begin, (job,), jobs=jobs, folder=job.folder) as share_out:
        for start in range(0, len(halls), jobs):
            some = halls[start : start + jobs]
            share_out(_build, some, built, chunk=1)
            share_out(_make, [p for p in missing if p.hall in some], rendered, chunk=_CHUNK)
            clear_cache(job.folder)


def clear_cache(folder: Path) -> None:
    """Remove the rooms' responses."""
    try:
        if (folder / CACHE).exists():
            shutil.rmtree(folder / CACHE)
    except OSError as error:
        raise WriteFailed(
            f"{folder / CACHE}: cannot be removed ({error.strerror}); remove it and start the same"
            " command again, it goes on"
        ) from error


def _begin(job: Job) -> None:
    _Worker.job = job


def _build(hall: int) -> int:
    _Worker.job.bank(hall)
    return hall


def _make(plan: ScenePlan) -> str:
    """Render and write one scene; its split."""
    job = _Worker.job
    place = job.places[plan.hall]
    scene = render_scene(
        plan,
        seed=job.seed,
        dry=job.dry,
        bank=job.bank(plan.hall),
        colour=place.colour,
        name=job.kind.name,
    )
    write_scene(job.folder, job.kind, place.hall, plan, scene)
    return plan.split
