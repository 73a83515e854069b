"""Rendering the clips of a set to files, in several processes. What is there is not made again."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import soundfile

from seldbench.contracts import Progress
from seldbench.simulation.bank import Bank
from seldbench.simulation.calibration import RATE
from seldbench.simulation.planning import ClipPlan
from seldbench.simulation.processes import workers
from seldbench.simulation.rendering import render
from seldbench.simulation.splits import SPLITS
from seldbench.storage import write_bytes

_CHUNK = 8  # clips a process takes at a time


class _Worker:
    """What a process needs to make clips; set once by its initializer."""

    folder: Path
    seed: int
    bank: Bank


def render_all(
    dataset: Path,
    plans: Mapping[str, Sequence[ClipPlan]],
    *,
    seed: int,
    bank: Bank,
    jobs: int,
    progress: Progress,
) -> None:
    """Write every clip that is not there yet below `dataset`; each file is whole or absent.

    Raises:
        WriteFailed: a file could not be written. SeldbenchError: a process died.
    """
    every = [plan for of_split in plans.values() for plan in of_split]
    missing = [plan for plan in every if not clip_path(dataset, plan).exists()]
    done = len(every) - len(missing)

    def count(split: str) -> None:
        nonlocal done
        done += 1
        progress.advance("simulate", done, len(every), split)

    with workers(_begin, (dataset, seed, bank), jobs=jobs, folder=dataset) as share_out:
        share_out(_make, missing, count, chunk=_CHUNK)


def clip_path(dataset: Path, plan: ClipPlan) -> Path:
    return dataset / SPLITS[plan.split].audio / plan.name


def _begin(folder: Path, seed: int, bank: Bank) -> None:
    _Worker.folder, _Worker.seed, _Worker.bank = folder, seed, bank


def _make(plan: ClipPlan) -> str:
    """Render and write one clip; returns its split."""
    wave = render(plan, _Worker.seed, _Worker.bank)
    content = BytesIO()
    soundfile.write(content, wave, RATE, format="WAV", subtype="PCM_16")
    write_bytes(clip_path(_Worker.folder, plan), content.getvalue())
    return plan.split
