"""Publishing: what pages need of a finished run, copied into a reports folder.

`scores/<run>.json` (scores with provenance), and in `runs/<run>/`: curves.json (training, by
epoch), psd_roc.json, clips.json (events and confidence of the shown clips, who is where in them, or
what was separated) and their spectrograms; of taggers mistakes.json (the surest wrong answers); of
a run that was heard row by row (`predict --probe rows`) rows.json, as it is.
Publishing a run again replaces what was there; several may publish into one folder at once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.errors import BadRun
from seldbench.evaluation import psd_roc
from seldbench.metrics.seld import SCORERS
from seldbench.report import leaderboard, shown_directions, shown_mixtures
from seldbench.report.activation import ROWS
from seldbench.report.activation import parse as parse_rows
from seldbench.report.results import Result
from seldbench.report.score_files import parse, run_content
from seldbench.report.shown import Audio, Outcome, choose, clip_content, read_outcome, spectrogram
from seldbench.report.tagging import mistakes
from seldbench.runs import Run, StageFolder, open_run
from seldbench.storage import locked, read_json, write_bytes, write_json

Array = np.ndarray

FORMAT = 1  # of the files in runs/<run>/
LOCK = ".publish.lock"
GRID = 251  # points of a published curve
NOT_CURVES = ("epoch", "step", "seconds")
Clips = list[dict[str, Any]]


def publish(
    run: Path, out: Path = Path("reports"), *, shown: int = 3, audio: Audio | None = None
) -> Path:
    """Publish a run into `out` and write the leaderboard anew; gives the score file.

    Args:
        run: a finished run folder; its stages lie in `stages/` beside it.
        shown: how many clips to show, from the worst to the best (`shown`, `shown_directions`).
        audio: reads a test clip for its spectrogram; None publishes timelines alone.

    Raises:
        BadRun: unfinished, of another version, or with an unsafe id.
        BadFile: a file of the run that breaks a rule. WriteFailed: nothing is half written.
    """
    opened = open_run(run)
    content = run_content(opened)
    result = parse(content, opened.path / "scores.json")
    if result.task not in SHOWING:
        raise BadRun(f"{run}: runs of the task {result.task!r} cannot be published yet")
    found, roc = SHOWING[result.task](opened, result, shown)
    clips = [{**clip, "spectrogram": None, "ticks_hz": []} for clip in found]
    pictures = _pictures(opened, result, clips, audio)
    stages, trained = opened.path.parent / "stages", opened.about["stages"]
    parts: dict[str, dict[str, Any]] = {
        "curves": {"stages": {n: _curves(StageFolder(stages / k)) for n, k in trained.items()}},
        "psd_roc": {"curves": roc},
        "clips": {"clips": clips},
        **_further(opened, result),
    }
    folder, scores = out / "runs" / result.run, out / "scores" / f"{result.run}.json"
    with locked(out / LOCK):
        for name, png in pictures.items():
            write_bytes(folder / name, png)
        for name, part in parts.items():
            write_json(folder / f"{name}.json", {"format": FORMAT, **part})
        given = {folder / name for name in pictures} | {folder / f"{name}.json" for name in parts}
        for old in {*folder.glob("*.png"), *folder.glob("*.json")} - given:
            old.unlink()
        # Last: a run is published from the moment that its score file stands.
        write_json(scores, content)
        leaderboard.write(out)
    return scores


def _events(run: Run, result: Result, shown: int) -> tuple[Clips, dict[str, Any]]:
    """The shown clips of a run with events, and its PSD-ROC."""
    outcome = read_outcome(run.reference, run.predictions)
    thresholds = result.post.thresholds if result.post else {}
    clips = [
        {"role": role, "f1": f1, **clip_content(outcome, clip, thresholds)}
        for role, clip, f1 in choose(outcome, shown)
    ]
    return clips, _roc(outcome, result)


def _directions(run: Run, result: Result, shown: int) -> tuple[Clips, dict[str, Any]]:
    """The shown clips of a run with directions; such runs have no PSD-ROC."""
    if result.scorer is None or result.scorer not in SCORERS:
        raise BadRun(f"{run.path}: scored by {result.scorer!r}, no scorer of directions; run again")
    found = shown_directions.read_directed(run.path, list(result.classes))
    clips = [
        {"role": role, "scores": scores, **shown_directions.clip_content(found, clip)}
        for role, clip, scores in shown_directions.choose(found, result.scorer, shown)
    ]
    return clips, {}


def _tags(run: Run, result: Result, shown: int) -> tuple[Clips, dict[str, Any]]:
    """Taggers have neither timelines nor a PSD-ROC."""
    return [], {}


def _mixtures(run: Run, result: Result, shown: int) -> tuple[Clips, dict[str, Any]]:
    """The shown mixtures of a run about their sources; such runs have no PSD-ROC."""
    found = shown_mixtures.read_answered(run.path)
    clips = [
        {"role": role, **shown_mixtures.mixture_content(found, mixture)}
        for role, mixture in shown_mixtures.choose(found, shown)
    ]
    return clips, {}


# {task: the shown clips for clips.json, and the PSD-ROC}
SHOWING: dict[str, Callable[[Run, Result, int], tuple[Clips, dict[str, Any]]]] = {
    "sed": _events,
    "seld": _directions,
    "tagging": _tags,
    "separation": _mixtures,
}


def _further(run: Run, result: Result) -> dict[str, dict[str, Any]]:
    """The parts that some runs have: {name: content}."""
    found = {}
    if result.task == "tagging":
        found["mistakes"] = {"mistakes": mistakes(run.path)}
    rows = run.path / ROWS
    if rows.exists():
        content = read_json(rows)
        parse_rows(content, rows)
        found["rows"] = content
    return found


def _pictures(run: Run, result: Result, clips: Clips, audio: Audio | None) -> dict[str, bytes]:
    """Spectrograms of the shown clips. A run about sources has the signals itself."""
    if result.task == "separation":
        return shown_mixtures.add_pictures(shown_mixtures.signals_of_run(run.path), clips)
    return {} if audio is None else _add_pictures(clips, audio)


def _add_pictures(clips: Clips, audio: Audio) -> dict[str, bytes]:
    """Spectrograms of the shown clips by file name; each is noted in its clip."""
    pictures = {}
    for i, clip in enumerate(clips):
        samples, rate = audio(clip["id"])
        start = round(clip.get("onset", 0.0) * rate)
        stretch = samples[start : start + round(clip["duration"] * rate)]
        name = f"clip-{i + 1}.png"
        pictures[name], clip["ticks_hz"] = spectrogram(stretch, rate)
        clip["spectrogram"] = name
    return pictures


def _curves(stage: StageFolder) -> dict[str, Any] | None:
    """A training's log by epoch, and the epoch it kept; no epochs of a stage that others were put
    together to; None where the log is gone."""
    path, done = stage.path / "log.jsonl", stage.done or {}
    if not path.exists():
        untrained: dict[str, Any] = {"epoch": [], "series": {}, "selected": None}
        return untrained if done.get("epochs") == 0 else None
    try:
        entries = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise BadRun(f"{path}: not JSON lines ({error}); train the stage again") from None
    flat = [dict(_flat(entry)) for entry in entries]
    names = dict.fromkeys(name for entry in flat for name in entry if name not in NOT_CURVES)
    kept = done.get("selected") or {}
    return {
        "epoch": [entry["epoch"] for entry in flat],
        "series": {name: [entry.get(name) for entry in flat] for name in names},
        "selected": kept.get("epoch"),
        "network": kept.get("network"),
        "selected_on": _why(kept.get("on")),
    }


def _why(chosen: Mapping[str, str] | str | None) -> str:
    """What a recipe's `select` says, for a reader."""
    if isinstance(chosen, Mapping):
        scores = {split: _chosen_by(score) for split, score in chosen.items()}
        kind = "lowest " if set(chosen.values()) == {"loss"} else "best "
        return kind + " + ".join(f"{score} on {split}" for split, score in scores.items())
    return chosen or ""


def _chosen_by(score: str) -> str:
    if score == "le_ideal_sed":
        return "le_ideal_sed, its sign turned,"
    return f"1 less the SELD score of {score}" if score in SCORERS else score


def _flat(entry: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """Numbers of nested tables, their names joined by blanks; six digits."""
    found = []
    for name, value in entry.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name} ")
        elif isinstance(value, int | float) and np.isfinite(value):
            found.append((prefix + name, float(f"{value:.6g}") if prefix else value))
    return found


def _roc(outcome: Outcome, result: Result) -> dict[str, Any]:
    """PSD-ROC curves of the run's frame scores; none without frame scores."""
    if outcome.frames is None:
        return {}
    curves = psd_roc(outcome.reference, outcome.durations, outcome.frames)
    return {
        score: thinned(curve) | {"psds": result.scores.get(score)}
        for score, curve in curves.items()
    }


def thinned(curve: Mapping[str, Any]) -> dict[str, Any]:
    """Staircases on an even grid: their values at every place of it."""
    grid = np.linspace(0, curve["max_efpr"], GRID)
    return {
        "max_efpr": float(curve["max_efpr"]),
        "mean": _held(grid, curve["efpr"], curve["etpr"]),
        "classes": {c: _held(grid, of["efpr"], of["tpr"]) for c, of in curve["classes"].items()},
    }


def _held(grid: Array, efpr: Sequence[float], tpr: Sequence[float]) -> list[list[float]]:
    """[eFPR, TPR] on the grid of a staircase that is 0 before its first point."""
    place = np.searchsorted(np.asarray(efpr), grid, side="right")
    values = np.concatenate([[0.0], np.asarray(tpr, dtype=np.float64)])[place]
    return [[round(float(x), 2), round(float(y), 4)] for x, y in zip(grid, values)]
