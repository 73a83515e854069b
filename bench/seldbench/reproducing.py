"""`seldbench reproduce`: a published row run again, and its scores held against the published."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from seldbench.contracts import Progress
from seldbench.errors import BadRun, UnknownName, near
from seldbench.experiment.graph import best_device
from seldbench.experiment.jobs import train_side_by_side
from seldbench.experiment.repeating import again, in_store, unexplained
from seldbench.experiment.run import Experiment
from seldbench.experiment.start import opened
from seldbench.report.repeated import Tolerance, Verdict, judged
from seldbench.report.results.score_files import of_run, parse
from seldbench.runs import all_runs
from seldbench.storage import read_json

REPEATED = "reproduced"  # the folder of repetitions in runs/


def reproduce(
    row: str,
    progress: Progress,
    *,
    reports: Path,
    runs: Path,
    data_root: Path | None,
    out: Path | None = None,
    tolerance: Tolerance | None = None,
    init: Sequence[str] = (),
    reuse: bool = False,
    jobs: int = 1,
) -> Verdict:
    """Train, predict and score a published run again.

    Args:
        row: its id, as leaderboard.csv and `reports/scores/` have it.
        out: where the repetition and its trainings go; None: a folder of its own in
            `runs/reproduced/`, or `runs` itself to `reuse` what is trained there.
        tolerance: see `report.repeated`.
        init: files of first weights, or names of releases.
        reuse: finished trainings are taken as they are.
        jobs: stages that are trained side by side.

    Raises:
        UnknownName: no such row. BadRun: a row that cannot be repeated here.
        MissingData: its data or weights are not here, or are others.
    """
    path = score_file(row, reports)
    content = read_json(path)
    published = parse(content, path)
    reopen = partial(opened, published.dataset, data_root, content["provenance"].get("limit"))
    folder = out or (runs if reuse else _fresh(runs / REPEATED / published.run))
    experiment = again(content, reopen(), folder, runs=runs, init=init)
    _refuse_finished(experiment, reuse)
    for stage in unexplained(content, experiment):
        progress.say(
            f"note: stage {stage} has another key than the published one; what determines a"
            " training changed since in a way that the row's score file does not tell"
        )
    if jobs > 1:
        train_side_by_side([experiment], jobs, reopen, progress)
    run = experiment.run(best_device(), progress)
    return judged(published, of_run(run.path), tolerance)


def score_file(row: str, reports: Path) -> Path:
    """The score file of a row.

    Raises:
        UnknownName: nothing of that name is published, with the nearest.
    """
    known = {path.stem: path for path in sorted((reports / "scores").glob("*.json"))}
    if row not in known:
        there = f"there are {len(known)} rows" if known else "nothing is published there"
        raise UnknownName(f"no published row {row!r} in {reports}/{near(row, known)}; {there}")
    return known[row]


def _fresh(folder: Path) -> Path:
    """A folder without a finished repetition: one that was interrupted goes on."""
    candidate, number = folder, 1
    while any(run.finished for run in all_runs(candidate)):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _refuse_finished(experiment: Experiment, reuse: bool) -> None:
    """Raises BadRun where a finished run would be read instead of repeated."""
    if reuse:
        return
    # Trainings of an interrupted repetition are its own.
    if not any(run.finished for run in all_runs(experiment.folder)):
        return
    done = in_store(experiment)
    if done:
        raise BadRun(
            f"{experiment.folder}: holds the finished training {done[0]}, which would be read and"
            " not repeated; name an empty folder with --out, or say --reuse"
        )
