"""What pages call scores, and what they say of them.

A scorer's name may stand before a score's ("dcase2024/f20"): it is shown as it is.
"""

import re
from contextlib import suppress

from markupsafe import Markup, escape

from seldbench.errors import UnknownName
from seldbench.evaluation.names import lower_is_better, symbol, unit

TITLES = {
    "psds1": "PSDS1",
    "psds2": "PSDS2",
    "psds1_thresholds": "PSDS1, 50 thresholds",
    "psds2_thresholds": "PSDS2, 50 thresholds",
    "event_f1": "Event F1",
    "event_f1_macro": "Event F1, macro",
    "event_f1_micro": "Event F1, micro",
    "event_f1_best_macro": "Event F1 at best thresholds, macro",
    "event_f1_best": "Event F1 at best thresholds",
    "event_precision": "Event precision",
    "event_precision_micro": "Event precision, micro",
    "event_recall": "Event recall",
    "event_recall_micro": "Event recall, micro",
    "event_er": "Event error rate",
    "event_er_micro": "Event error rate, micro",
    "segment_f1": "Segment F1",
    "segment_f1_macro": "Segment F1, macro",
    "segment_f1_micro": "Segment F1, micro",
    "segment_precision": "Segment precision",
    "segment_precision_micro": "Segment precision, micro",
    "segment_recall": "Segment recall",
    "segment_recall_micro": "Segment recall, micro",
    "segment_er": "Segment error rate",
    "segment_er_micro": "Segment error rate, micro",
    "intersection_f1": "Intersection F1",
    "intersection_f1_macro": "Intersection F1, macro",
    "intersection_f1_micro": "Intersection F1, micro",
    "frame_ap": "Average precision of frames",
    "frame_map": "mAP of frames",
    "map": "mAP",
    "map_micro": "Average precision, all pairs",
    "ap": "Average precision",
    "mauc": "mAUC",
    "auc": "ROC area",
    "d_prime": "d′",
    "accuracy": "Accuracy",
    "accuracy_fold_mean": "Accuracy, mean over folds",
    "accuracy_top5": "Accuracy, top 5",
    "subset_accuracy": "Accuracy of whole clips",
    "label_accuracy": "Accuracy of clip and class",
    "f1": "F1",
    "f1_macro": "F1, macro",
    "f1_micro": "F1, micro",
    "precision": "Precision",
    "recall": "Recall",
    "recall_macro": "Recall, macro",
    "er": "Error rate",
    "er20": "ER 20°",
    "f20": "F 20°",
    "le_cd": "LE_CD",
    "lr_cd": "LR_CD",
    "doae_cd": "DOAE_CD",
    "rde_cd": "RDE_CD",
    "diste_cd": "DistE_CD",
    "seld_score": "SELD score",
    "doa_error": "DOA error",
    "frame_recall": "Frame recall",
    "f1_ideal_doa": "F1 with ideal directions",
    "lr_ideal_doa": "LR with ideal directions",
    "le_ideal_sed": "LE with ideal activity",
    "frame_f1_macro": "F1 of frames, macro",
    "frame_f1_micro": "F1 of frames, micro",
    "direction_accuracy": "Accuracy of directions",
    "direction_recall": "Directions found",
    "direction_precision": "Precision of directions",
    "direction_f1": "F1 of directions",
    "direction_error": "Error of directions",
    "misses": "Not found",
    "false_directions": "False directions",
    "si_sdr": "SI-SDR",
    "si_sdri": "SI-SDR improvement",
    "snr": "SNR",
    "accuracy_oracle_direction": "Accuracy with true directions",
    "accuracy_oracle_separation": "Accuracy with true separations",
}
MEANINGS = {
    "psds1": "area under the PSD-ROC over all thresholds; asks for exact onsets and offsets",
    "psds2": "the same; asks for the right class more than for exact times",
    "psds1_thresholds": "PSDS1 from the operating points of 50 thresholds, as most papers report",
    "psds2_thresholds": "PSDS2 from the operating points of 50 thresholds",
    "event_f1_macro": "events found with onset and offset within their collars, mean over classes",
    "event_f1_micro": "the same over all events together",
    "map": "how far the clips of a class rank above the others, mean over classes",
    "map_micro": "the same with all pairs of clip and class in one ranking",
    "mauc": "how often a clip of a class ranks above one without it, mean over classes",
    "d_prime": "the same area as a distance between two bell curves",
    "accuracy": "share of the clips whose highest score is that of their class",
    "accuracy_fold_mean": "the same by fold, mean over folds",
    "accuracy_top5": "share of the clips whose class is among the five highest scores",
    "subset_accuracy": "share of the clips with all of their labels and no other",
    "label_accuracy": "share of the pairs of clip and class that are decided rightly",
    "f1_macro": "precision and recall of the decided labels, mean over classes",
    "f1_micro": "the same over all labels together",
    "er20": "what is missed, invented, confused or over 20° off, in proportion to what is true",
    "f20": "the right class within 20°; where distances count, also a distance that is wrong by no"
    " more than the true one",
    "le_cd": "angle between true and predicted direction, where the class is right",
    "doae_cd": "angle between true and predicted direction, where the class is right",
    "lr_cd": "share of what is true whose class is found, wherever it is said to be",
    "rde_cd": "error of the distance in proportion to the true one, where the class is right",
    "diste_cd": "error of the distance, where the class is right",
    "seld_score": "mean of the errors of detection and localisation, each brought to 0 to 1",
    "doa_error": "angle between true and predicted directions, whatever their class",
    "f1_ideal_doa": "who sounds when: F1 where every direction is taken for right",
    "lr_ideal_doa": "the recall of it",
    "le_ideal_sed": "from where: the angle to the true direction wherever a class truly sounds",
    "frame_recall": "share of the frames with the right number of directions",
}
# What is meant of sources, in the place of clips.
MEANINGS_OF_SOURCES = {
    "accuracy": "share of the sources that are asked for whose class is right; one that was not"
    " found is wrong",
    "accuracy_top5": "share of them whose class is among the five highest scores",
    "recall_macro": "the same by true class, mean over classes",
    "f1_macro": "the same with the precision of the answers, mean over classes",
    "direction_accuracy": "share of the sources whose direction is the right one of eight",
    "direction_recall": "share of the sources in whose direction something was found",
    "direction_precision": "share of the directions found that a source is in",
    "direction_f1": "both in one",
    "direction_error": "angle between true and answered direction, of sources that were found",
    "si_sdr": "how far the separated signal is the source alone, whatever its level",
    "si_sdri": "what that is above the unseparated mixture",
    "snr": "how far it is the source alone, its level included",
    "accuracy_oracle_direction": "if localisation were perfect: the true directions are given",
    "accuracy_oracle_separation": "if separation were perfect too: the true signals are given",
}
TASKS = {
    "sed": "Sound event detection",
    "seld": "Sound event localization and detection",
    "tagging": "Tagging of clips",
    "separation": "Sources of mixtures",
}
ASKED = {
    "dominant": "one answer a mixture, about its loudest source",
    "query": "an answer for every source",
    "all": "an answer for every direction that is found",
}
DECIMALS = {"degrees": 1, "dB": 2}  # of all others 3


def title(score: str) -> str:
    """The score's name for a reader; the name itself where there is no other."""
    scorer, slash, name = score.rpartition("/")
    return scorer + slash + TITLES.get(name, name)


def plain_title(score: str) -> str:
    """The same without the scorer."""
    return title(score.rpartition("/")[2])


def breaking(name: str) -> Markup:
    """A name for a page, escaped, which a narrow line may break after _ and /, before + and @."""
    return Markup(re.sub(r"(?<=[_/])(?=.)|(?<=.)(?=[+@])", "<wbr>", str(escape(name))))


def arrow(score: str) -> str:
    """A downward arrow after what is better the lower it is, else nothing."""
    with suppress(UnknownName):
        return " ↓" if lower_is_better(score) else ""
    return ""


def meaning(score: str, task: str = "") -> str:
    meanings = MEANINGS_OF_SOURCES if task == "separation" else MEANINGS
    return meanings.get(score.rpartition("/")[2], "")


def shown(value: float | None, score: str, sign: str = "") -> str:
    """A value of a score with its unit: 0.412, 17.3°, 0.520 m; sign "+" writes it out always."""
    if value is None:
        return number(None)
    of = unit(score)
    return f"{value:{sign}z.{DECIMALS.get(of, 3)}f}{symbol(score)}"


def number(value: float | None) -> str:
    """Three decimals; a dash for no value."""
    return "–" if value is None else f"{value:z.3f}"


def span(seconds: float | None) -> str:
    """A duration for a reader: 42 s, 3.5 min, 2.1 h."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
