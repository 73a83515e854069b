"""Anybody's prediction files compared: several systems, each of one file or folder a seed.

`sed_reader`, `seld_reader`, `tagging_reader` and `source_reader` read the reference once and give
what turns one system's predictions into measures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from seldbench.annotations import read_durations, read_events, read_predictions
from seldbench.annotations.directions import read_directions
from seldbench.annotations.sources import read_answers, read_sources
from seldbench.annotations.tags import read_tag_predictions, read_tags
from seldbench.errors import MissingData, UnknownName, near
from seldbench.evaluation.comparison.found import Comparison
from seldbench.evaluation.comparison.systems import compare_systems
from seldbench.evaluation.measure import Measure
from seldbench.evaluation.sed.scoring import sed_measures
from seldbench.evaluation.seld.scoring import dialects_of, seld_measures
from seldbench.evaluation.sources.scoring import source_measures
from seldbench.evaluation.tagging.scoring import tagging_measures
from seldbench.metrics.seld import SCORERS
from seldbench.metrics.uncertainty import LEVEL

Reader = Callable[[Path], list[Measure]]


def compare_files(
    reader: Reader,
    predictions: Mapping[str, Sequence[Path]],
    *,
    baseline: str | None = None,
    scores: Sequence[str] | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Comparison:
    """`compare_systems` of files; one system's predictions are in memory at a time.

    Args:
        reader: one of this module's.
        predictions: {system: files or folders, one a seed}.

    Raises:
        BadFile: a file breaks a rule of its format, or does not fit the reference.
        MissingData: one file that is named twice, as if it were two seeds; else as
            `compare_systems`.
    """
    for name, paths in predictions.items():
        twice = [path for path in paths if list(paths).count(path) > 1]
        if twice:
            raise MissingData(f"{name}: {twice[0]} is named twice; each seed has its own files")
    return compare_systems(
        {name: map(reader, paths) for name, paths in predictions.items()},
        baseline=baseline,
        scores=scores,
        replicates=replicates,
        seed=seed,
        level=level,
    )


def sed_reader(reference: Path, durations: Path, threshold: float | None = None) -> Reader:
    """Of events, operating points or frame scores, as `score_sed_files` takes them."""
    known, lengths = read_events(reference), read_durations(durations)
    return lambda path: sed_measures(known, lengths, read_predictions(path), threshold=threshold)


def seld_reader(
    reference: Path,
    scorer: str,
    *,
    dialect: str | None = None,
    prediction_dialect: str | None = None,
    average: str | None = None,
    angles: str | None = None,
    classes: int | None = None,
    frames_per_file: int | None = None,
) -> Reader:
    """Of a CSV or a folder of CSVs, as `score_seld_files` takes them.

    Raises:
        UnknownName: no such scorer.
    """
    if scorer not in SCORERS:
        raise UnknownName(
            f"no SELD scorer {scorer!r}{near(scorer, SCORERS)}; there are {', '.join(SCORERS)}"
        )
    mine, theirs = dialects_of(SCORERS[scorer], dialect, prediction_dialect)
    known = read_directions(reference, mine)

    def read(path: Path) -> list[Measure]:
        given = read_directions(path, theirs)
        alone = not reference.is_dir() and not path.is_dir()
        return seld_measures(
            known,
            replace(given, files=known.files) if alone else given,
            scorer,
            average=average,
            angles=angles,
            classes=classes,
            frames_per_file=frames_per_file,
        )

    return read


def tagging_reader(reference: Path, threshold: float | None = None) -> Reader:
    """Of clip scores or labels, as `score_tagging_files` takes them."""
    known = read_tags(reference)
    return lambda path: tagging_measures(known, read_tag_predictions(path), threshold=threshold)


def source_reader(reference: Path) -> Reader:
    """Of answers about the sources of mixtures, as `score_sources_files` takes them."""
    known = read_sources(reference)
    return lambda path: source_measures(known, read_answers(path))
