"""`tnsse2021-sim` and `starss23-sim`: simulated scenes in the layouts of the real sets.

    root/tnsse2021-sim/{foa_dev,mic_dev,metadata_dev}/dev-{train,val,test}/fold1_room1_mix001.*
    root/starss23-sim/{foa_dev,mic_dev,metadata_dev}/dev-{train,test}-{sony,tau}/fold3_room21_mix001.*
    .../scene.jsonl, rooms.json    all that is known of the scenes
    .../manifest.json              what the set was made from, and its fingerprint

No two of train, valid and test share a room or a source of sound. A set is built beside its place
and renamed when complete; an interrupted build goes on at the first scene that is missing. Results
on it compare systems; they say nothing about the real recordings.
"""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress, Quiet
from seldbench.errors import SeldbenchError
from seldbench.simulation.dry import DryBank, builtin_bank, recorded_bank
from seldbench.simulation.scenes.building import (
    Job,
    clear_cache,
    draw_places,
    render_all,
)
from seldbench.simulation.scenes.files import RECORDS, fingerprint, join_records, rooms_text
from seldbench.simulation.scenes.kinds import STARSS23, TNSSE2021, Kind
from seldbench.simulation.scenes.options import (
    GENERATOR,
    SPLITS,
    Options,
    Scale,
    checked_options,
    scale_named,
)
from seldbench.simulation.scenes.planning import ScenePlan, plan_scene
from seldbench.simulation.sets import fills, make_set, sweep
from seldbench.storage import write_text

FORMAT = 1
IDENTITY = (
    *("scale", "seed", "sounds", "fill_missing", "generator"),
    *("rooms", "moving", "snr", "overlap", "interferers"),
)
QUIET = Quiet()


def simulate_scenes(
    kind: Kind,
    root: Path,
    *,
    scale: str,
    seed: int = 0,
    sounds: Path | None = None,
    fill_missing: str | None = None,
    jobs: int = 2,
    progress: Progress = QUIET,
    rooms: int | None = None,
    moving: float | None = None,
    snr: tuple[int, int] | None = None,
    overlap: int | None = None,
    interferers: bool = True,
) -> dict[str, Any]:
    """Make the set in `root`, or leave it where the same set is there already.

    Args:
        scale: "tiny", "small" or "full".
        sounds: a folder of recordings (`dry.recorded`); None for procedural sounds.
        fill_missing: "procedural" makes by formula the classes that `sounds` lacks; with None they
            do not occur.
        jobs: processes; the result does not depend on it.
        rooms: of all splits together; None for the scale's.
        moving: share of the events that can move (of movable classes, over 3 s) which do; None for
            half of them and all footsteps.
        snr: lowest and highest signal-to-noise ratio of a scene, whole dB; None for 6 to 30.
        overlap: the most events at once; None for 3.
        interferers: whether sounds occur that are not annotated.

    Returns:
        the manifest.

    Raises:
        UnknownName: no such scale. SeldbenchError: an option out of range. BadFile: a set with
        other parameters is there, or the folder of recordings breaks a rule. MissingData: that
        folder has no catalogue. WriteFailed: disk full, no permission; start again and it goes on.
    """
    if jobs < 1:
        raise SeldbenchError(f"jobs: {jobs} given; 1 or more processes can work")
    size = scale_named(scale)
    options = checked_options(
        size, rooms=rooms, moving=moving, snr=snr, overlap=overlap, interferers=interferers
    )
    dry = open_dry(kind, seed, sounds, fill_missing)
    wanted = {
        "format": FORMAT,
        "dataset": kind.name,
        "scale": scale,
        "seed": seed,
        "sounds": dry.name,
        "sounds_folder": sounds.resolve().name if sounds else None,
        "fill_missing": fill_missing,
        "generator": GENERATOR,
        **options.as_json(),
    }

    def build(part: Path) -> dict[str, Any]:
        job = open_job(part, kind, size, options, seed, dry)
        plans = plan_all(job, size, options)
        render_all(job, plans, jobs=jobs, progress=progress)
        return _finish(job, plans)

    return make_set(root, wanted, build, identity=IDENTITY, progress=progress)


simulate_tnsse2021 = partial(simulate_scenes, TNSSE2021)
simulate_starss23 = partial(simulate_scenes, STARSS23)


def open_dry(kind: Kind, seed: int, sounds: Path | None, fill_missing: str | None) -> DryBank:
    """The sounds of a set."""
    fill = fills(sounds, fill_missing)
    if sounds is None:
        return builtin_bank(kind.classes, seed)
    return recorded_bank(sounds, kind.classes, seed, fill)


def open_job(
    folder: Path, kind: Kind, size: Scale, options: Options, seed: int, dry: DryBank
) -> Job:
    """What building a set in `folder` needs to know."""
    places = draw_places(kind, kind.halls(options.rooms), seed)
    return Job(folder, kind, kind.coarse if size.coarse else kind.grid, seed, dry, places)


def plan_all(job: Job, size: Scale, options: Options) -> list[ScenePlan]:
    """The plans of all scenes, split by split; a split's are spread evenly over its rooms."""
    plans = []
    for split, clips in zip(SPLITS, size.clips):
        halls = [k for k, place in enumerate(job.places) if place.hall.split == split]
        owner = [halls[index * len(halls) // clips] for index in range(clips)]
        for index, hall in enumerate(owner):
            mix = 1 + index - owner.index(hall)
            plan = plan_scene(
                job.kind,
                split,
                index,
                name=f"{job.places[hall].hall.prefix}_mix{mix:03d}",
                hall=hall,
                seconds=size.seconds,
                seed=job.seed,
                bank=job.dry,
                options=options,
                grid=job.grid,
            )
            plans.append(plan)
    return plans


def _finish(job: Job, plans: list[ScenePlan]) -> dict[str, Any]:
    """The files beside the trees; what the manifest says of all."""
    write_text(job.folder / "scene.jsonl", join_records(job.folder, plans))
    write_text(job.folder / "rooms.json", rooms_text(job.places))
    shutil.rmtree(job.folder / RECORDS)
    clear_cache(job.folder)
    sweep(job.folder)
    tested = {s.label for plan in plans if plan.split == "test" for s in plan.sounds if s.target}
    return {
        "classes": list(job.kind.classes),
        "test_classes": [label for label in job.kind.classes if label in tested],
        "counts": {split: sum(plan.split == split for plan in plans) for split in SPLITS},
        "fingerprint": fingerprint(job.folder),
        **job.dry.origins(),
    }
