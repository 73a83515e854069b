"""What is asked of a system about the sources of mixtures, and what it answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.annotations.sources import SourceTable
from seldbench.errors import BadFile, near
from seldbench.geometry import angular_distance
from seldbench.metrics.sources import angle_to_nearest, sources_around
from seldbench.metrics.tagging import TOP, among_highest

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Questions:
    """The sources that are asked for, those of one mixture together; (questions,) each.

    mixtures: names. mixture: index in it. source: number. each: every source of a mixture is asked
    for. label, answer: true class and answer, indices in `classes`, of which the first `known` are
    the reference's. around: sources in the mixture. apart: angle to the nearest other source, NaN
    for a single one. error: angle between the true direction and the one answered. top: whether the
    true class is among the highest scores. None: not known.
    """

    mixtures: tuple[str, ...]
    mixture: Array
    source: Array
    each: bool
    classes: tuple[str, ...]
    known: int
    label: Array
    answer: Array
    around: Array
    apart: Array | None
    error: Array | None
    top: Array | None

    @property
    def right(self) -> Array:
        return self.label == self.answer

    @property
    def names(self) -> list[str]:
        """The name of each one's mixture."""
        return [self.mixtures[i] for i in self.mixture]


def questions(reference: SourceTable, answers: SourceTable) -> Questions:
    """Questions with their answers.

    Raises:
        BadFile: a question without answer, an answer about a source that its mixture does not have,
            one answer a mixture where the reference names no target, or elevations on one side.
    """
    each = answers.source is not None
    asked = _asked(reference, each)
    given = _answers(reference, answers, asked)
    labels, guesses = reference.label[asked].tolist(), answers.label[given].tolist()
    known = tuple(sorted(set(reference.label.tolist())))
    classes = known + tuple(sorted(set(guesses) - set(known)))
    number = {name: i for i, name in enumerate(classes)}
    doa = reference.doa
    return Questions(
        reference.mixtures,
        reference.mixture[asked],
        _numbers(reference)[asked],
        each,
        classes,
        len(known),
        np.array([number[name] for name in labels], dtype=np.int64),
        np.array([number[name] for name in guesses], dtype=np.int64),
        sources_around(reference.mixture)[asked],
        None if doa is None else angle_to_nearest(reference.mixture, doa)[asked],
        _errors(reference, answers, asked, given),
        _among_top(answers, given, labels),
    )


def notes_on_answers(reference: SourceTable, answers: SourceTable, asked: Questions) -> list[str]:
    """What was left out, or taken in a way that a reader might not expect."""
    notes = []
    unknown = [name for name in answers.mixtures if name not in set(reference.mixtures)]
    if unknown:
        notes.append(f"answers about {len(unknown)} other mixtures left out: {some(unknown)}")
    if asked.each and reference.target is not None:
        notes.append("column 'target' not used: there is an answer for every source")
    extra = asked.classes[asked.known :]
    if extra:
        notes.append(f"only in the answers, so wrong wherever given: {', '.join(extra)}")
    if answers.scores is not None:
        best = [answers.classes[i] for i in answers.scores.argmax(axis=1)]
        other = sum(a != b for a, b in zip(best, answers.label))
        if other:
            notes.append(f"{other} answers are not the class with the highest score: labels count")
    if reference.azimuth is None and answers.azimuth is not None:
        notes.append("directions not scored: the reference has none")
    return notes


def some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _asked(reference: SourceTable, each: bool) -> Array:
    """Rows of the reference that are asked for, those of one mixture together."""
    order = np.argsort(reference.mixture, kind="stable")
    if each:
        return order
    if reference.target is not None:
        return order[reference.target[order]]
    several = np.flatnonzero(np.bincount(reference.mixture) > 1)
    if len(several):
        raise BadFile(
            f"one answer a mixture, but {reference.mixtures[several[0]]!r} has several sources and"
            " the reference does not say which is asked for: add its column 'target', or answer"
            " for every source (column 'source')"
        )
    return order


def _answers(reference: SourceTable, answers: SourceTable, asked: Array) -> Array:
    """The row of the answer to every question."""
    row = {key: i for i, key in enumerate(_keys(answers, answers.source))}
    wanted = _keys(reference, None if answers.source is None else _numbers(reference))
    missing = [wanted[i] for i in asked if wanted[i] not in row]
    if missing:
        where = near(missing[0][0], answers.mixtures)
        first = [_named(key) for key in missing]
        raise BadFile(
            f"no answer to {len(missing)} of {len(asked)} questions: {some(first)}{where}; complete"
            " the predictions, or take these out of the reference"
        )
    known, strange = set(reference.mixtures), set(row) - set(wanted)
    wrong = sorted((key for key in strange if key[0] in known), key=str)
    if wrong:
        raise BadFile(
            f"an answer for {_named(wrong[0])}, which the reference does not have; sources are"
            " numbered as in its column 'source'"
        )
    return np.array([row[wanted[i]] for i in asked], dtype=np.int64)


def _keys(table: SourceTable, source: Array | None) -> list[tuple[str, int | None]]:
    names = [table.mixtures[i] for i in table.mixture]
    if source is None:
        return [(name, None) for name in names]
    return list(zip(names, source.tolist()))


def _named(key: tuple[str, int | None]) -> str:
    return repr(key[0]) if key[1] is None else f"source {key[1]} of {key[0]!r}"


def _numbers(reference: SourceTable) -> Array:
    if reference.source is None:
        raise ValueError("a reference numbers its sources")
    return reference.source


def _errors(
    reference: SourceTable, answers: SourceTable, asked: Array, given: Array
) -> Array | None:
    true, guess = reference.doa, answers.doa
    if true is None or guess is None:
        return None
    if (reference.elevation is None) != (answers.elevation is None):
        without = "predictions" if answers.elevation is None else "reference"
        raise BadFile(
            f"elevations on one side only; add the column to the {without} (0 where sources are"
            " level)"
        )
    return angular_distance(true[asked], guess[given])


def _among_top(answers: SourceTable, given: Array, labels: Sequence[str]) -> Array | None:
    """A class without a column is not among the highest; None for so few that all would be."""
    if answers.scores is None or len(answers.classes) <= TOP:
        return None
    column = {name: i for i, name in enumerate(answers.classes)}
    wanted = np.array([column.get(name, -1) for name in labels], dtype=np.int64)
    return (wanted >= 0) & among_highest(answers.scores[given], wanted, TOP)
