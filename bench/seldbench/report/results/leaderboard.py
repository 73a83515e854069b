"""The leaderboard: a row for every score file in `reports/scores/`, always in the same columns.

Scores and interval ends are fractions, degrees or metres; columns of scores that SED does not have
follow SED's. A SELD score is that of the row's first scorer; those of its others stand under their
scorer's name ("dcase2024/f20").
"""

from pathlib import Path
from typing import Any

import pandas as pd

from seldbench.evaluation.names import lower_is_better
from seldbench.report.results.result import (
    DISTANCE_HEADLINES,
    SED_SCORES,
    SELD_HEADLINES,
    SEPARATION_HEADLINES,
    SINGLE_HEADLINES,
    TAGGING_HEADLINES,
    Result,
)
from seldbench.report.results.score_files import published
from seldbench.storage import locked, write_text

DIGITS = 6
LOCK = ".publish.lock"  # in the reports' folder: held by whoever writes there


def rows(reports: Path) -> pd.DataFrame:
    """One row a published run, by data set (real ones first), best headline score first.

    A cell without a value is empty. `data` is "real" or "simulated", then "partial"; `marks` lists
    everything that keeps a row from standing beside a plain one.

    Raises:
        BadFile: a score file that breaks a rule.
    """
    results = sorted(published(reports), key=_rank)
    extra = sorted({name for r in results for name in r.scores} - set(SED_SCORES), key=_place)
    scores = (*SED_SCORES, *extra)
    table = pd.DataFrame([_row(r, scores) for r in results], columns=_columns(scores))
    whole = dict.fromkeys(("seed", "parameters"), "Int64")
    real = ["macs_per_second", "real_time_factor"]
    real += [c for s in scores for c in _score_columns(s)]
    return table.astype({**whole, **dict.fromkeys(real, "float64")})


def renew(reports: Path) -> Path:
    """Writes leaderboard.csv while nobody else publishes: what another process publishes between
    the reading of score files and the writing of their rows would have no row."""
    with locked(reports / LOCK):
        return write(reports)


def write(reports: Path) -> Path:
    """Writes leaderboard.csv (see `location`); who calls it holds the lock."""
    path = location(reports)
    write_text(path, rows(reports).to_csv(index=False, lineterminator="\n"))
    return path


def location(reports: Path) -> Path:
    """leaderboard.csv in the current directory for `reports/` there, else inside the folder."""
    at_root = reports.resolve() == Path("reports").resolve()
    return Path("leaderboard.csv") if at_root else reports / "leaderboard.csv"


def _rank(result: Result) -> tuple[Any, ...]:
    value = result.scores.get(result.ranking) if result.ranking else None
    where = (result.task, result.real_dataset, result.simulated, result.rules)
    return (*where, *best_first(result, value))


def best_first(result: Result, value: float | None) -> tuple[bool, float, str]:
    """What puts results in the order of one score (`Result.ranking`), those without it last."""
    if value is None or result.ranking is None:
        return True, 0.0, result.run
    return False, value if lower_is_better(result.ranking) else -value, result.run


def _place(score: str) -> tuple[Any, ...]:
    """The order of columns: scorer by scorer, headlines before the rest."""
    scorer, _, name = score.rpartition("/")
    known = (
        *SELD_HEADLINES,
        *DISTANCE_HEADLINES,
        *SINGLE_HEADLINES,
        *TAGGING_HEADLINES,
        *SEPARATION_HEADLINES,
    )
    return scorer, known.index(name) if name in known else len(known), name


def _score_columns(score: str) -> tuple[str, str, str]:
    return score, f"{score}_low", f"{score}_high"


def _columns(scores: tuple[str, ...]) -> list[str]:
    who = ["run", "arch", "variant", "dataset", "data", "marks", "task", "scorer", "split", "seed"]
    values = [column for score in scores for column in _score_columns(score)]
    cost = ["parameters", "macs_per_second", "real_time_factor", "training_seconds"]
    return [*who, *values, "interval", *cost, "sounds", "fingerprint", "seldbench"]


def _row(result: Result, scores: tuple[str, ...]) -> dict[str, Any]:
    data = "simulated" if result.simulated else "real"
    row: dict[str, Any] = {
        "run": result.run,
        "arch": result.arch,
        "variant": result.variant,
        "dataset": result.dataset,
        "data": f"{data} partial" if result.data.partial else data,
        "marks": "; ".join(result.marks),
        "task": result.task,
        "scorer": result.scorer,
        "split": result.split,
        "seed": result.seed,
        "parameters": result.parameters,
        "macs_per_second": result.cost and _rounded(result.cost.macs_per_second, 0),
        "real_time_factor": result.cost and _rounded(result.cost.real_time_factor, DIGITS),
        "training_seconds": _rounded(result.training_seconds, 1),
        "sounds": result.data.sounds,
        "fingerprint": result.data.fingerprint,
        "seldbench": result.seldbench,
    }
    methods = []
    for score in scores:
        interval = result.interval(score)
        ends = interval[1:] if interval else (None, None)
        methods += [interval[0]] if interval else []
        values = (result.scores.get(score), *ends)
        row |= {c: _rounded(v, DIGITS) for c, v in zip(_score_columns(score), values)}
    return row | {"interval": "; ".join(dict.fromkeys(methods)) or None}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
