"""Reads and writes the field's files: DESED tables (events, durations, weak labels, clip lists),
operating points, frame scores and clip scores. Decimals are parsed correctly rounded."""

from seldbench.annotations.class_scores import read_class_scores, write_class_scores
from seldbench.annotations.directions import (
    DIALECTS,
    read_directions,
    read_run_directions,
    write_directions,
    write_run_directions,
)
from seldbench.annotations.events import (
    read_durations,
    read_events,
    read_operating_points,
    read_unlabelled,
    read_weak,
    write_durations,
    write_events,
    write_operating_points,
    write_unlabelled,
    write_weak,
)
from seldbench.annotations.outputs import (
    OUTPUTS,
    FrameOutputs,
    read_frame_outputs,
    write_frame_outputs,
)
from seldbench.annotations.predictions import read_predictions
from seldbench.annotations.scores import (
    read_clip_scores,
    read_frame_scores,
    write_clip_scores,
    write_frame_scores,
    write_score_table,
    write_score_tables,
)
from seldbench.annotations.sources import (
    SourceTable,
    read_answers,
    read_classes,
    read_sources,
    write_answers,
    write_sources,
)
from seldbench.annotations.submissions import check_submission, write_submission
from seldbench.annotations.tags import (
    Tags,
    read_tag_predictions,
    read_tags,
    write_ranked,
    write_tags,
)

__all__ = [
    "DIALECTS",
    "OUTPUTS",
    "FrameOutputs",
    "SourceTable",
    "Tags",
    "check_submission",
    "read_answers",
    "read_class_scores",
    "read_classes",
    "read_clip_scores",
    "read_directions",
    "read_durations",
    "read_events",
    "read_frame_outputs",
    "read_frame_scores",
    "read_operating_points",
    "read_predictions",
    "read_run_directions",
    "read_sources",
    "read_tag_predictions",
    "read_tags",
    "read_unlabelled",
    "read_weak",
    "write_answers",
    "write_class_scores",
    "write_clip_scores",
    "write_directions",
    "write_durations",
    "write_events",
    "write_frame_outputs",
    "write_frame_scores",
    "write_operating_points",
    "write_ranked",
    "write_run_directions",
    "write_score_table",
    "write_score_tables",
    "write_sources",
    "write_submission",
    "write_tags",
    "write_unlabelled",
    "write_weak",
]
