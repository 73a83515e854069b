"""`desed-sim`: a simulated data set in DESED's layout, from formulas or from recorded sounds.

    root/desed-sim/dataset/audio/...      16 kHz, 16 bit, in the folders DESED's recipes call X_16k
    root/desed-sim/dataset/metadata/...   the tables
    root/desed-sim/manifest.json          what it was made from, and its fingerprint

A set is built in `root/.desed-sim.part` and renamed when complete. An interrupted build goes on at
the first clip that is missing. Results on it compare systems; they say nothing about DESED.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seldbench.contracts import Progress, Quiet
from seldbench.errors import SeldbenchError, UnknownName, near
from seldbench.simulation.bank import Bank, ProceduralBank
from seldbench.simulation.building import render_all
from seldbench.simulation.calibration import GENERATOR, SIZES
from seldbench.simulation.planning import ClipPlan, plan_split
from seldbench.simulation.recorded import RecordedBank
from seldbench.simulation.rendering import render
from seldbench.simulation.sets import fills, make_set, part_name, sweep
from seldbench.simulation.sets import fingerprint as fingerprint_of
from seldbench.simulation.signals import Array
from seldbench.simulation.splits import SPLITS, counts
from seldbench.simulation.tables import tables
from seldbench.storage import write_text

NAME = "desed-sim"
PART = part_name(NAME)
FORMAT = 1
QUIET = Quiet()
IDENTITY = ("scale", "seed", "sounds", "fill_missing", "generator")

Plans = dict[str, Sequence[ClipPlan]]


def simulate_desed(
    root: Path,
    *,
    scale: str,
    seed: int = 0,
    sounds: Path | None = None,
    fill_missing: str | None = None,
    jobs: int = 2,
    progress: Progress = QUIET,
) -> dict[str, Any]:
    """Make `root/desed-sim`, or leave it where the same set is there already.

    Args:
        scale: "tiny", "small" or "full".
        sounds: a folder of recordings with a `catalogue.csv`; None for procedural sounds.
        fill_missing: "procedural" makes by formula the classes that `sounds` lacks; with None they
            do not occur.
        jobs: processes; the result does not depend on it.

    Returns:
        the manifest.

    Raises:
        UnknownName: no such scale, or a label that DESED lacks. BadFile: a set with other
        parameters is there, or the catalogue breaks a rule. MissingData: no catalogue.
        WriteFailed: disk full, no permission; start again and it goes on.
    """
    if jobs < 1:
        raise SeldbenchError(f"jobs: {jobs} given; 1 or more processes can work")
    bank = open_bank(scale, seed, sounds, fill_missing)
    wanted = _parameters(scale, seed, sounds, fill_missing, bank)

    def build(part: Path) -> dict[str, Any]:
        plans: Plans = {name: plan_split(name, n, seed, bank) for name, n in counts(scale).items()}
        render_all(part / "dataset", plans, seed=seed, bank=bank, jobs=jobs, progress=progress)
        return _finish(part, plans, bank)

    return make_set(root, wanted, build, identity=IDENTITY, progress=progress)


def make_clip(
    split: str,
    index: int,
    *,
    scale: str,
    seed: int = 0,
    sounds: Path | None = None,
    fill_missing: str | None = None,
) -> tuple[ClipPlan, Array]:
    """One clip of a set, alone: its plan (name, events) and its samples, int16, as on disk."""
    if split not in SPLITS:
        raise UnknownName(f"no split named {split!r}{near(split, SPLITS)} in {NAME}")
    bank = open_bank(scale, seed, sounds, fill_missing)
    clips = counts(scale)[split]
    if not 0 <= index < clips:
        raise UnknownName(f"no clip {index}: {split} of scale {scale} has clips 0 to {clips - 1}")
    plan = plan_split(split, clips, seed, bank)[index]
    return plan, render(plan, seed, bank)


def open_bank(scale: str, seed: int, sounds: Path | None, fill_missing: str | None) -> Bank:
    """The sounds of a set, once its arguments are known to make sense."""
    if scale not in SIZES:
        raise UnknownName(
            f"no scale named {scale!r}{near(scale, SIZES)}; one of {', '.join(SIZES)}"
        )
    fill = fills(sounds, fill_missing)
    return ProceduralBank(seed) if sounds is None else RecordedBank.open(sounds, seed, fill)


def _parameters(
    scale: str, seed: int, sounds: Path | None, fill_missing: str | None, bank: Bank
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "dataset": NAME,
        "scale": scale,
        "seed": seed,
        "sounds": bank.name,
        "sounds_folder": sounds.resolve().name if sounds else None,
        "fill_missing": fill_missing,
        "generator": GENERATOR,
    }


def _finish(part: Path, plans: Plans, bank: Bank) -> dict[str, Any]:
    """The tables; what the manifest says of them and of the sounds."""
    for name, of_split in plans.items():
        for path, text in tables(SPLITS[name], of_split).items():
            write_text(part / "dataset" / path, text)
    sweep(part)
    return {
        "classes": _classes(plans, "train"),
        "test_classes": _classes(plans, "test"),
        "counts": {name: len(of_split) for name, of_split in plans.items()},
        "fingerprint": fingerprint(part / "dataset"),
        **bank.origins(),
    }


def _classes(plans: Plans, group: str) -> list[str]:
    """The classes with an event in a group's splits."""
    clips = (p for name, of_split in plans.items() if SPLITS[name].group == group for p in of_split)
    return sorted({event.label for plan in clips for event in plan.events})


def fingerprint(dataset: Path) -> str:
    """SHA-256 over the tables' text and every sound file's name and size."""
    return fingerprint_of(dataset, ".tsv")
