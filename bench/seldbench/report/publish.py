"""Publishing: what pages need of a finished run, copied into a reports folder.

`scores/<run>.json` (scores with provenance), and in `runs/<run>/`: curves.json (training, by
epoch), psd_roc.json, clips.json (events and confidence of the shown clips, who is where in them, or
what was separated) with their spectrograms and, where these may be shared, sounds; of events and
directions budget.json (kinds of errors, conditions); of frame and clip scores
precision_recall.json; of directions angles.json; of taggers mistakes.json (the surest wrong
answers); of a run that was heard row by row (`predict --probe rows`) rows.json, as it is.
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
from seldbench.report.clips import shown_directions, shown_mixtures
from seldbench.report.clips.shown import Audio, Outcome, choose, clip_content, read_outcome
from seldbench.report.clips.shown_files import add_files
from seldbench.report.clips.sounds import shareable
from seldbench.report.figures import doa_errors, error_budget, precision_recall
from seldbench.report.figures.activation import ROWS
from seldbench.report.figures.activation import parse as parse_rows
from seldbench.report.pages.tagging import mistakes
from seldbench.report.results import leaderboard
from seldbench.report.results.published import FORMAT
from seldbench.report.results.result import Result
from seldbench.report.results.score_files import parse, run_content
from seldbench.runs import Run, StageFolder, open_run
from seldbench.storage import locked, read_json, write_bytes, write_json

Array = np.ndarray

LOCK = ".publish.lock"
GRID = 251  # points of a published curve
NOT_CURVES = ("epoch", "step", "seconds")
OWN = ("*.png", "*.ogg", "*.json")  # what publishing a run again replaces
Clips = list[dict[str, Any]]
Parts = dict[str, dict[str, Any]]  # {name of a JSON file: its content}


def publish(
    run: Path,
    out: Path = Path("reports"),
    *,
    shown: int = 3,
    audio: Audio | None = None,
    every_sound: bool = False,
) -> Path:
    """Publish a run into `out` and write the leaderboard anew; gives the score file.

    Args:
        run: a finished run folder; its stages lie in `stages/` beside it.
        shown: how many clips to show, from the worst to the best (`shown`, `shown_directions`).
        audio: reads a test clip for its spectrogram and sound; None publishes timelines alone.
        every_sound: sounds that are not built in go with the clips too, for a report that stays
            with whoever may keep them.

    Raises:
        BadRun: unfinished, of another version, or with an unsafe id; `out` holds the runs.
        BadFile: a file of the run that breaks a rule. WriteFailed: nothing is half written.
    """
    opened = open_run(run)
    content = run_content(opened)
    result = parse(content, opened.path / "scores.json")
    folder, scores = out / "runs" / result.run, out / "scores" / f"{result.run}.json"
    if folder.resolve() == opened.path.resolve():
        raise BadRun(f"{out}: the runs themselves are in this folder; publish into another one")
    if result.task not in SHOWING:
        raise BadRun(f"{run}: runs of the task {result.task!r} cannot be published yet")
    found, further = SHOWING[result.task](opened, result, shown)
    clips = [{**clip, "spectrogram": None, "audio": None, "ticks_hz": []} for clip in found]
    files = _files(opened, result, clips, audio, heard=every_sound or shareable(result))
    stages, trained = opened.path.parent / "stages", opened.about["stages"]
    parts: Parts = {
        "curves": {"stages": {n: _curves(StageFolder(stages / k)) for n, k in trained.items()}},
        "psd_roc": {"curves": {}},
        "clips": {"clips": clips},
        **{name: part for name, part in further.items() if part},
        **_rows(opened),
    }
    with locked(out / LOCK):
        for name, content_of in files.items():
            write_bytes(folder / name, content_of)
        for name, part in parts.items():
            write_json(folder / f"{name}.json", {"format": FORMAT, **part})
        given = {folder / name for name in files} | {folder / f"{name}.json" for name in parts}
        for old in {path for kind in OWN for path in folder.glob(kind)} - given:
            old.unlink()
        # Last: a run is published from the moment that its score file stands.
        write_json(scores, content)
        leaderboard.write(out)
    return scores


def _events(run: Run, result: Result, shown: int) -> tuple[Clips, Parts]:
    """The shown clips of a run with events, and what else its page draws."""
    outcome = read_outcome(run.reference, run.predictions)
    thresholds = result.post.thresholds if result.post else {}
    clips = [
        {"role": role, "f1": f1, **clip_content(outcome, clip, thresholds)}
        for role, clip, f1 in choose(outcome, shown)
    ]
    return clips, {
        "psd_roc": {"curves": _roc(outcome, result)},
        "precision_recall": precision_recall.of_frames(outcome),
        "budget": error_budget.of_events(outcome),
    }


def _directions(run: Run, result: Result, shown: int) -> tuple[Clips, Parts]:
    """The same with directions; such runs have no PSD-ROC."""
    scorer = result.scorer
    if scorer is None or scorer not in SCORERS:
        raise BadRun(f"{run.path}: scored by {scorer!r}, no scorer of directions; run again")
    found = shown_directions.read_directed(run.path, list(result.classes))
    thresholds = result.post.thresholds if result.post else {}
    clips = [
        {"role": role, "scores": scores, **shown_directions.clip_content(found, clip, thresholds)}
        for role, clip, scores in shown_directions.choose(found, scorer, shown)
    ]
    return clips, {
        "angles": doa_errors.content(found, scorer),
        "budget": error_budget.of_directions(found, scorer),
    }


def _tags(run: Run, result: Result, shown: int) -> tuple[Clips, Parts]:
    """Taggers have no timelines."""
    return [], {
        "mistakes": {"mistakes": mistakes(run.path)},
        "precision_recall": precision_recall.of_clips(run.path),
    }


def _mixtures(run: Run, result: Result, shown: int) -> tuple[Clips, Parts]:
    """The shown mixtures of a run about their sources."""
    found = shown_mixtures.read_answered(run.path)
    clips = [
        {"role": role, **shown_mixtures.mixture_content(found, mixture)}
        for role, mixture in shown_mixtures.choose(found, shown)
    ]
    return clips, {}


# {task: the shown clips for clips.json, and further parts; those that are empty are not written}
SHOWING: dict[str, Callable[[Run, Result, int], tuple[Clips, Parts]]] = {
    "sed": _events,
    "seld": _directions,
    "tagging": _tags,
    "separation": _mixtures,
}


def _rows(run: Run) -> Parts:
    """What a run that was heard row by row has besides."""
    rows = run.path / ROWS
    if not rows.exists():
        return {}
    content = read_json(rows)
    parse_rows(content, rows)
    return {"rows": content}


def _files(
    run: Run, result: Result, clips: Clips, audio: Audio | None, *, heard: bool
) -> dict[str, bytes]:
    """Spectrograms of the shown clips and, where they may be heard, sounds. A run about sources has
    the signals itself."""
    if result.task == "separation":
        return shown_mixtures.add_files(shown_mixtures.signals_of_run(run.path), clips, heard=heard)
    return {} if audio is None else add_files(clips, audio, heard=heard)


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
