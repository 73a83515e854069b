"""A run's scores, from its files, by the scorers that its recipe names.

The first scorer leads: its scores have their plain names. Those of further ones are named after
them too, such as "dcase2024/f20".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seldbench import annotations
from seldbench.evaluation import (
    INTERVALS,
    Resampling,
    Scores,
    score_sed,
    score_seld,
    score_sources_files,
    score_tagging_files,
)
from seldbench.evaluation.sources.attribution import ORACLES
from seldbench.events import DirectionTable
from seldbench.metrics.seld import SCORERS
from seldbench.runs import FORMAT, Run

Value = float | None


def scored(run: Run, task: str, scorers: Sequence[str], classes: Sequence[str]) -> Scores:
    """By the rules of the data set's task."""
    if task == "separation":
        return scored_separation(run)
    if task == "seld":
        return scored_seld(run, scorers, classes)
    return scored_tagging(run) if task == "tagging" else scored_sed(run)


def score_file(
    run: Run, scores: Scores, said: Mapping[str, Any], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """What scores.json holds.

    Args:
        said: of the task, the data, the system and its training; other keys than those here.
        environment: of the machine that predicted.
    """
    about = run.about
    return {
        "format": FORMAT,
        "run": about["id"],
        **{k: about[k] for k in ("arch", "dataset", "variant", "seed", "fold", "limit")},
        **said,
        **scores.as_json(),
        "stages": about["stages"],
        "environment": environment,
        "command": about["command"],
        "seldbench": about["seldbench"],
    }


def scored_sed(run: Run, resampling: Resampling | None = INTERVALS) -> Scores:
    """By the rules of SED: frame scores at every threshold, events as the run decided them."""
    reference = annotations.read_events(run.reference / "ground_truth.tsv")
    durations = annotations.read_durations(run.reference / "durations.tsv")
    events = annotations.read_events(run.predictions / "events.tsv")
    scores = score_sed(reference, durations, events, resampling=resampling)
    frames = run.predictions / "scores.npz"
    if frames.exists():
        given = annotations.read_frame_scores(frames)
        ranked = score_sed(reference, durations, given, resampling=resampling)
        # The events were decided with the run's own thresholds: theirs are the event scores.
        scores = ranked.overlaid(scores)
    return scores


def scored_tagging(run: Run) -> Scores:
    """By the rules of tagging: the clips of all folds in one table.

    `accuracy` is of all clips; where there are folds, `accuracy_fold_mean` is the mean of theirs,
    which is what AST reports for ESC-50.
    """
    return score_tagging_files(run.reference / "tags.tsv", run.predictions / "clips.tsv")


def scored_separation(run: Run, resampling: Resampling | None = INTERVALS) -> Scores:
    """By the rules of sources: answers, separated signals and, where the system was also heard with
    a truth in the place of a part, which part is the first to fail.

    The protocol of the questions is in the details as `asked`: a score file's `protocol` says on
    what a run selected.
    """
    oracles = {name: run.predictions / f"oracle_{name}.tsv" for name in ORACLES}
    separated = (run.predictions / "separated").is_dir()
    scores = score_sources_files(
        run.reference / "sources.tsv",
        run.predictions / "answers.tsv",
        estimates=run.predictions / "separated" if separated else None,
        references=run.reference / "signals" if separated else None,
        mixtures=run.reference / "mixtures" if separated else None,
        oracles={name: path for name, path in oracles.items() if path.exists()},
        classes=run.reference / "classes.txt",
        resampling=resampling,
    )
    details = {"asked" if n == "protocol" else n: of for n, of in scores.details.items()}
    return replace(scores, details=details)


def scored_seld(run: Run, scorers: Sequence[str], classes: Sequence[str]) -> Scores:
    """By every scorer; classes by name. Distances count where both sides have them."""
    reference, predicted = annotations.read_run_directions(run.path)
    with_distance = reference.distance is not None and predicted.distance is not None
    found = []
    for name in scorers:
        scores = score_seld(
            reference, predicted, name, classes=len(classes), with_distance=with_distance
        )
        # What a set cannot give, such as distances, is None.
        every = {score: scores.scores.get(score) for score in SCORERS[name].scores}
        found.append(_with_names(replace(scores, scores=every), classes))
    first, *further = found
    for half in _halves(run, reference, predicted, scorers[0], classes):
        first = _joined(first, half, "")
    for name, scores in zip(scorers[1:], further):
        first = _joined(first, scores, f"{name}/")
    return replace(first, details={**first.details, "scorers": list(scorers)})


def _halves(
    run: Run,
    reference: DirectionTable,
    predicted: DirectionTable,
    scorer: str,
    classes: Sequence[str],
) -> list[Scores]:
    """Each half with the other one ideal, where there are scores and directions of all frames."""
    path = run.predictions / annotations.OUTPUTS
    outputs = annotations.read_frame_outputs(path) if path.exists() else None
    if outputs is None or outputs.scores is None or outputs.doa is None:
        return []
    number = len(classes)
    activity = score_seld(reference, predicted, scorer, classes=number, oracle="doa")
    directions = score_seld(reference, outputs, scorer, classes=number, oracle="sed")
    return [_with_names(scores, classes) for scores in (activity, directions)]


def _with_names(scores: Scores, classes: Sequence[str]) -> Scores:
    """Class numbers as the data set's names."""
    names = {str(number): name for number, name in enumerate(classes)}
    return replace(
        scores,
        classes={names[c]: of for c, of in scores.classes.items()},
        class_intervals={names[c]: of for c, of in scores.class_intervals.items()},
        scored_classes=tuple(names[c] for c in scores.scored_classes),
        unscored_classes=tuple(names[c] for c in scores.unscored_classes),
    )


def _joined(first: Scores, other: Scores, prefix: str) -> Scores:
    def under(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
        return {**mine, **{prefix + name: value for name, value in theirs.items()}}

    return replace(
        first,
        scores=under(first.scores, other.scores),
        classes={c: under(of, other.classes[c]) for c, of in first.classes.items()},
        intervals=under(first.intervals, other.intervals),
        class_intervals={
            c: under(of, other.class_intervals.get(c, {}))
            for c, of in first.class_intervals.items()
        },
        notes=[*dict.fromkeys([*first.notes, *other.notes])],
    )
