"""Scores of prediction files, PSD-ROC curves, and the scores by which a model is chosen."""

from seldbench.evaluation.curves import psd_roc
from seldbench.evaluation.scoring import (
    Scores,
    class_event_f1,
    score_sed,
    score_sed_files,
    selection_score,
)
from seldbench.metrics.selection import SELECTION, Validation

__all__ = [
    "SELECTION",
    "Scores",
    "Validation",
    "class_event_f1",
    "psd_roc",
    "score_sed",
    "score_sed_files",
    "selection_score",
]
