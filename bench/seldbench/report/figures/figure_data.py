"""The data of a run's figures as tables, for the CSV beside each of them. Seconds, degrees, metres;
false positives by the hour; scores as they are in the score file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seldbench.report.figures.activation import Activation
from seldbench.report.figures.charts import series_name
from seldbench.report.figures.files import Cell, Data
from seldbench.report.results.blocks import Attribution, Condition, Confusion

Row = tuple[Cell, ...]
FRAME = 0.1  # of a track


def psd_roc(curves: Mapping[str, Any]) -> Data:
    """Of `charts.psd_roc`: the steps of the staircases, and of the curve over all classes."""
    rows = [
        (score, name, x, y)
        for score, curve in curves.items()
        for name, points in {**curve["classes"], "all classes": curve["mean"]}.items()
        for x, y in _steps(points)
    ]
    return Data(("score", "class", "false_positives_per_hour", "true_positive_rate"), rows)


def _steps(points: Sequence[Sequence[float]]) -> Iterator[Sequence[float]]:
    """The first point, those at which a staircase rises, and the last."""
    for i, point in enumerate(points):
        if i in (0, len(points) - 1) or point[1] != points[i - 1][1]:
            yield point


def training(stages: Mapping[str, Any]) -> Data:
    rows = [
        (stage, epoch, series_name(name, curves), value)
        for stage, curves in stages.items()
        for name, values in curves["series"].items()
        for epoch, value in zip(curves["epoch"], values)
        if value is not None
    ]
    return Data(("stage", "epoch", "series", "value"), rows)


def classes(values: Mapping[str, Mapping[str, float | None]], scores: Sequence[str]) -> Data:
    return Data(
        ("class", *scores), [(name, *(of.get(s) for s in scores)) for name, of in values.items()]
    )


def confusion(of: Confusion) -> Data:
    """Pairs that occur."""
    rows = [
        (true, answer, number)
        for true, numbers in zip(of.classes, of.counts)
        for answer, number in zip(of.classes, numbers)
        if number
    ]
    return Data(("true_class", "answer", "number"), rows)


def activation(found: Activation) -> Data:
    rows = [
        (name, row, band.low, band.high, raw, value)
        for name, of in found.classes.items()
        for row, (band, raw, value) in enumerate(zip(found.conditions, of.event_f1, of.normalised))
    ]
    return Data(("class", "row", "low_hz", "high_hz", "event_f1", "normalised"), rows)


def conditions(tables: Mapping[str, Mapping[str, Condition]], method: str) -> Data:
    """Of `separation.conditions_figure`."""
    rows = [
        (table, name, of.correct, of.total, of.accuracy, *of.intervals.get(method, (None, None)))
        for table, conditions in tables.items()
        for name, of in conditions.items()
    ]
    return Data(("condition", "value", "right", "number", "accuracy", "low", "high"), rows)


def attribution(of: Attribution) -> Data:
    rows = [(kind, cause.number, cause.share) for kind, cause in of.kinds.items()]
    return Data(("kind", "number", "share"), rows)


def events(clip: Mapping[str, Any]) -> Data:
    """Of a timeline: events, and the highest score of a class in each part of the clip."""
    sides = (("true", "truth"), ("predicted", "predicted"))
    rows: list[Row] = [
        (what, onset, offset, label, None)
        for what, side in sides
        for onset, offset, label in clip[side]
    ]
    for label, scores in clip["confidence"].items():
        step = clip["duration"] / max(len(scores), 1)
        rows += [
            ("score", round(i * step, 3), round((i + 1) * step, 3), label, score)
            for i, score in enumerate(scores)
        ]
    return Data(("what", "onset", "offset", "label", "score"), rows)


def directions(clip: Mapping[str, Any]) -> Data:
    """Of tracks: a row a frame and source, then a class's highest score in each part of the
    stretch; seconds are of the whole clip."""
    sides = (("true", "truth"), ("predicted", "predicted"))
    rows = [
        row for what, side in sides for track in clip[side] for row in _frames(clip, what, track)
    ]
    step = clip.get("part", 1) * FRAME
    rows += [
        ("score", round(clip["onset"] + k * step, 1), label, None, None, None, score)
        for label, scores in clip.get("confidence", {}).items()
        for k, score in enumerate(scores)
    ]
    return Data(("what", "seconds", "label", "azimuth", "elevation", "distance", "score"), rows)


def _frames(clip: Mapping[str, Any], what: str, track: Mapping[str, Any]) -> Iterator[Row]:
    far = track.get("distance", [None] * len(track["azimuth"]))
    for k, of in enumerate(zip(track["azimuth"], track["elevation"], far)):
        seconds = round(clip["onset"] + (track["first"] + k) * FRAME, 1)
        yield (what, seconds, track["label"], *of, None)


def mixture(clip: Mapping[str, Any]) -> Data:
    """Of a mixture: a row a source or answer; those of one question have one number."""
    rows: list[Row] = []
    for i, pair in enumerate(clip["pairs"], 1):
        for what, side in (("source", "source"), ("answer", "answer")):
            if pair[side]:
                of = pair[side]
                right = int(pair["right"]) if side == "answer" else None
                si_sdr = pair["si_sdr"] if side == "answer" else None
                rows.append((i, what, of["label"], of["azimuth"], of.get("score"), right, si_sdr))
    rows += [
        (None, "not asked for", of["label"], of["azimuth"], None, None, None)
        for of in clip["others"]
    ]
    return Data(("question", "what", "label", "azimuth", "score", "right", "si_sdr"), rows)
