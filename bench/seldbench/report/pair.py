"""Two systems on one clip set: what parts them, written into a reports folder for their page.

`pairs/<a>--<b>/pair.json` (a and b are the first runs of the two), with the spectrograms and, where
these may be shared, sounds of the shown clips. Publishing a pair again replaces what was there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.errors import BadRun
from seldbench.evaluation.measure import Measure
from seldbench.metrics.comparison import Pooled, difference, holm
from seldbench.metrics.uncertainty import LEVEL, Drawn, drawn
from seldbench.report.clips import pair_clips
from seldbench.report.clips.shown import Audio
from seldbench.report.clips.sounds import shareable
from seldbench.report.results.published import FORMAT
from seldbench.report.results.result import Group, Result
from seldbench.report.results.score_files import of_run, safe_id
from seldbench.report.tables.comparable import shared_clips
from seldbench.report.tables.paired import MEASURES, Paired, Pairing, names_of, paired
from seldbench.storage import locked, write_bytes, write_json

LOCK = ".publish.lock"
OWN = ("*.png", "*.ogg", "*.json")
# The score of classes that is compared.
CLASS_SCORES = {"sed": "event_f1", "seld": "f20", "tagging": "f1", "separation": "recall"}
CLIP_SCORES = tuple(pair_clips.CLIPS)  # tasks whose clips are drawn
PAIRING = Pairing()


@dataclass(frozen=True)
class System:
    """The runs of one of the two, a seed each; the first is shown."""

    name: str
    group: Group
    folders: tuple[Path, ...]

    @property
    def first(self) -> Result:
        return self.group.first


def publish_pair(
    first: Sequence[Path],
    second: Sequence[Path],
    out: Path,
    *,
    pairing: Pairing = PAIRING,
    audio: Audio | None = None,
    every_sound: bool = False,
) -> Path:
    """Write what the page of two systems needs; gives its folder.

    Args:
        first, second: run folders, a seed each.
        audio: reads a test clip; None publishes timelines alone.
        every_sound: sounds that are not built in too.

    Raises:
        BadRun: a run of both systems; unfinished runs; runs that do not compare (see `Pairing`).
        BadFile: a file of a run that breaks a rule.
    """
    systems = _systems(first, second)
    a, b = (of.first for of in systems)
    found = paired([of.group for of in systems], _folders(systems), pairing)
    folders = [of.folders[0] for of in systems]
    heard = every_sound or (shareable(a) and shareable(b))
    shown: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    if a.task in CLIP_SCORES and a.task == b.task:
        shown, files = pair_clips.shown(a.task, folders, [a, b], audio, heard=heard)
    elif a.task == "tagging":
        shown = pair_clips.taggers(folders)
    content = {"format": FORMAT, **_about(systems, found), "by_class": _by_class(systems, pairing)}
    folder = out / "pairs" / pair_id(a, b)
    with locked(out / LOCK):
        for name, of in files.items():
            write_bytes(folder / name, of)
        kept = {folder / name for name in files} | {folder / "pair.json"}
        for old in {path for kind in OWN for path in folder.glob(kind)} - kept:
            old.unlink()
        write_json(folder / "pair.json", {**content, "shown": shown})
    return folder


def pair_id(first: Result, second: Result) -> str:
    """The name of a pair's folder."""
    return "--".join(safe_id(of.run, Path("run.json")) for of in (first, second))


def _systems(first: Sequence[Path], second: Sequence[Path]) -> tuple[System, System]:
    both = [[(of_run(path), path) for path in side] for side in (first, second)]
    twice = {r.run for r, _ in both[0]} & {r.run for r, _ in both[1]}
    if twice:
        raise BadRun(f"{min(twice)}: on both sides; a pair is of two systems, each with its runs")
    gathered = [Group(tuple(result for result, _ in side)) for side in both]
    names = names_of(gathered)
    one, other = (
        System(name, group, tuple(path for _, path in side))
        for name, group, side in zip(names, gathered, both)
    )
    return one, other


def _folders(systems: Sequence[System]) -> dict[str, Path]:
    return {r.run: path for of in systems for r, path in zip(of.group.results, of.folders)}


def _about(systems: Sequence[System], found: Paired) -> dict[str, Any]:
    """Who the two are, and their scores."""
    a = systems[0].first
    pairs = found.found.as_json()["pairs"] if found.found else []
    values = found.found.values if found.found else {}
    return {
        "task": a.task,
        "dataset": a.dataset,
        "simulated": a.data.simulated if a.simulated else None,
        "is_simulated": a.simulated,
        "scorer": a.scorer,
        "classes": list(a.classes),
        "systems": [
            {
                "name": of.name,
                "label": of.first.label,
                "runs": [r.run for r in of.group.results],
                "seeds": [r.seed for r in of.group.results],
                "marks": list(of.first.marks),
            }
            for of in systems
        ],
        "scores": [
            {**pair, "values": [values[pair["score"]][of.name] for of in systems]} for pair in pairs
        ],
        "marks": list(found.marks),
        "notes": [*found.notes, *(found.found.notes if found.found else ())],
    }


def _by_class(systems: Sequence[System], pairing: Pairing) -> dict[str, Any] | None:
    """Differences by class on the same draws of clips, corrected (Holm) for their number."""
    score = CLASS_SCORES[systems[0].first.task]
    clips = shared_clips(_folders(systems).values())
    pooled = [_pooled(of, score, clips, pairing) for of in systems]
    if not all(pooled):
        return None
    (first, number), (second, _) = (of for of in pooled if of)
    rng = np.random.default_rng([pairing.seed, 1])
    names = [name for name in first if name in second]
    found = [difference(first[n], second[n], number, rng, LEVEL) for n in names]
    corrected = holm(np.array([of.p for of in found]))
    return {
        "score": score,
        "classes": [
            {
                "class": name,
                "values": [first[name].value, second[name].value],
                "difference": of.value,
                "interval": [of.low, of.high] if np.isfinite(of.low) else None,
                "p": float(p) if np.isfinite(p) else None,
                "resolved": bool(p < 1 - LEVEL and (of.low > 0 or of.high < 0)),
            }
            for name, of, p in zip(names, found, corrected)
            if np.isfinite(of.value)
        ],
    }


def _pooled(
    system: System, score: str, only: set[str] | None, pairing: Pairing
) -> tuple[dict[str, Pooled], int] | None:
    """{class: of that system}, and the number of clips; None where no measure has the score."""
    wholes, replicates, number = [], [], 0
    labels: Mapping[int, str] = {}
    for result, folder in zip(system.group.results, system.folders):
        measure = _measure(MEASURES[result.task](folder, result), score)
        if measure is None:
            return None
        # In the order of names: the draws are those of the other system too.
        order = np.argsort(np.array(measure.clips, dtype=object))
        kept = [i for i in order.tolist() if only is None or measure.clips[i] in only]
        number = len(kept)
        wholes.append(_values(measure, kept, np.ones((1, number)), score)[0])
        times = drawn(number, pairing.replicates, np.random.default_rng(pairing.seed)).times
        replicates.append(_values(measure, kept, times, score))
        labels = dict(enumerate(_named(measure.labels, result)))
    seeds, mean = np.array(wholes), np.mean(replicates, axis=0)
    return {name: Pooled(seeds[:, i], mean[:, i]) for i, name in labels.items()}, number


def _measure(measures: Sequence[Measure], score: str) -> Measure | None:
    """The last one that has the score by class."""
    having = [m for m in measures if score in m.of(Drawn(np.ones((1, len(m.clips))))).classes]
    return having[-1] if having else None


def _values(measure: Measure, kept: list[int], times: np.ndarray, score: str) -> np.ndarray:
    """(replicates, classes)"""
    placed = np.zeros((len(times), len(measure.clips)))
    placed[:, kept] = times
    return measure.of(Drawn(placed)).classes[score]


def _named(labels: Sequence[str], result: Result) -> list[str]:
    """Classes by name; those with directions go by number in their files."""
    names = list(result.classes)
    return [names[int(label)] for label in labels] if result.task == "seld" else list(labels)
