"""`mix75-sim`: mixtures of two or three sounds from eight directions, heard by eight microphones.

    root/mix75-sim/sounds/, noise/, mixtures/    see `files`
    .../manifest.json                            what the set was made from, and its fingerprint

The set holds dry sounds and numbers; mixtures are rendered when they are read. No two of train,
valid and test share a sound or a recording of noise. A set is built beside its place and renamed
when complete; an interrupted build goes on at the first file that is missing. Results on it compare
systems; they say nothing about rooms.
"""

from pathlib import Path
from typing import Any

from seldbench.contracts import Progress, Quiet
from seldbench.errors import SeldbenchError
from seldbench.simulation.mixtures.building import Job, lacks, make_all
from seldbench.simulation.mixtures.files import fingerprint
from seldbench.simulation.mixtures.options import (
    GENERATOR,
    Scale,
    checked_options,
    scale_named,
)
from seldbench.simulation.mixtures.planning import NAME
from seldbench.simulation.mixtures.sampling import GROUPS, SPLITS
from seldbench.simulation.mixtures.sounds import SoundBank, builtin_sounds, recorded_sounds
from seldbench.simulation.sets import Check, make_set, sweep

FORMAT = 1
IDENTITY = ("scale", "seed", "sounds", "generator", "array", "noise", "jitter", "levels")
QUIET = Quiet()


def simulate_mixtures(
    root: Path,
    *,
    scale: str,
    seed: int = 0,
    sounds: Path | None = None,
    fill_missing: str | None = None,
    jobs: int = 2,
    progress: Progress = QUIET,
    array: str = "direct",
    noise: str = "diffuse",
    jitter: int = 0,
    levels: str = "dominant",
) -> dict[str, Any]:
    """Make the set in `root`, or what is missing of it where the same set is there already.

    Args:
        scale: "tiny", "small" or "full".
        sounds: a folder of recordings, all classes of which are used at any scale; None for
            procedural sounds.
        fill_missing: None; the set's classes are those that its sounds have.
        jobs: processes; the result does not depend on it.
        array: "direct" (microphones free in the air) or "head" (on a rigid sphere of 9 cm).
        noise: "diffuse", or "coherent" (one signal for all microphones).
        jitter: whole degrees, up to 10, by which sources may lie off the eight directions.
        levels: "dominant" (a target louder than one or two others) or "equal" (three alike).

    Returns:
        the manifest.

    Raises:
        UnknownName: a name that there is not. SeldbenchError: a number out of range; classes to
        fill. BadFile: a set with other parameters is there, or one with files that were changed,
        or the folder of recordings breaks a rule. MissingData: that folder has no catalogue.
        WriteFailed: disk full, no permission; start again and it goes on.
    """
    if jobs < 1:
        raise SeldbenchError(f"jobs: {jobs} given; 1 or more processes can work")
    if fill_missing is not None:
        raise SeldbenchError(
            f"{NAME} has the classes of its sounds, and none is missing; leave out --fill-missing"
        )
    size = scale_named(scale)
    options = checked_options(array, noise, jitter, levels)
    bank = open_bank(size, seed, sounds)
    wanted = {
        "format": FORMAT,
        "dataset": NAME,
        "scale": scale,
        "seed": seed,
        "sounds": bank.name,
        "sounds_folder": sounds.resolve().name if sounds else None,
        "fill_missing": None,
        "generator": GENERATOR,
        **options.as_json(),
    }

    def job(folder: Path) -> Job:
        return Job(folder, size, options, seed, bank)

    def build(part: Path) -> dict[str, Any]:
        make_all(job(part), jobs=jobs, progress=progress)
        return _finish(job(part))

    check = Check(lambda folder: lacks(job(folder)), fingerprint)
    return make_set(root, wanted, build, identity=IDENTITY, progress=progress, check=check)


def open_bank(size: Scale, seed: int, sounds: Path | None) -> SoundBank:
    """The dry sounds of a set."""
    if sounds is not None:
        return recorded_sounds(sounds, seed)
    numbers = {GROUPS[split]: count for split, count in zip(SPLITS, size.sounds)}
    return builtin_sounds(size.classes, seed, numbers)


def _finish(job: Job) -> dict[str, Any]:
    """What the manifest says of all. test_classes: those that test mixtures are drawn from."""
    sweep(job.folder)
    return {
        "classes": list(job.bank.classes),
        "test_classes": list(job.stock("test").sounds),
        "counts": dict(zip(SPLITS, job.scale.mixtures)),
        "fingerprint": fingerprint(job.folder),
        **job.bank.origins(),
    }
