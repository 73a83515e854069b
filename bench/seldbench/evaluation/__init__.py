"""Scores of prediction files, PSD-ROC curves, and the scores by which a model is chosen."""

from seldbench.evaluation.measure import INTERVALS, Measure, Measured, Resampling, Values, measured
from seldbench.evaluation.scores import Scores, scores_of
from seldbench.evaluation.sed.curves import psd_roc
from seldbench.evaluation.sed.scoring import (
    class_event_f1,
    class_psds1,
    score_sed,
    score_sed_files,
    sed_measures,
    selection_score,
)
from seldbench.evaluation.seld.scoring import (
    class_f20,
    score_seld,
    score_seld_files,
    seld_measures,
)
from seldbench.evaluation.selection import SELECTION, SELECTION_OF, Validation
from seldbench.evaluation.sources.scoring import score_sources, score_sources_files, source_measures
from seldbench.evaluation.tagging.scoring import (
    score_tagging,
    score_tagging_files,
    tagging_measures,
)

__all__ = [
    "INTERVALS",
    "SELECTION",
    "SELECTION_OF",
    "Measure",
    "Measured",
    "Resampling",
    "Scores",
    "Validation",
    "Values",
    "class_event_f1",
    "class_f20",
    "class_psds1",
    "measured",
    "psd_roc",
    "score_sed",
    "score_sed_files",
    "score_seld",
    "score_seld_files",
    "score_sources",
    "score_sources_files",
    "score_tagging",
    "score_tagging_files",
    "scores_of",
    "sed_measures",
    "seld_measures",
    "selection_score",
    "source_measures",
    "tagging_measures",
]
