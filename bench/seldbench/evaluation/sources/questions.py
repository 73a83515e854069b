"""What is asked of a system about the sources of mixtures, and what it answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.annotations.sources import SourceTable
from seldbench.errors import BadFile, near
from seldbench.evaluation.sources.directions import both_doas, by_direction, errors, nearest_source
from seldbench.metrics.sources import GRID, angle_to_nearest, sources_around
from seldbench.metrics.tagging import TOP, among_highest

Array = np.ndarray
DOMINANT, QUERY, ALL = "dominant", "query", "all"  # protocols: see `scoring`


@dataclass(frozen=True, eq=False)
class FalseAnswers:
    """Answers about no source, (answers,) each. mixture: index in `Questions.mixtures`. answer:
    index in its classes. apart: angle to the nearest true source."""

    mixture: Array
    answer: Array
    apart: Array


@dataclass(frozen=True, eq=False)
class Questions:
    """The sources that are asked for, those of one mixture together; (questions,) each.

    protocol: DOMINANT, QUERY or ALL. mixtures: names. mixture: index in it. source: number. label,
    answer: true class and answer, indices in `classes`, of which the first `known` are the
    reference's; the answer about a source that was not found is -1. around: sources in the mixture.
    apart: angle to the nearest other source, NaN for a single one. error: angle between the true
    direction and the one answered, NaN where none is. top: whether the true class is among the
    highest scores. number: of the answer in its mixture, where answers have numbers; -1 for none.
    false: of ALL alone. None: not known.
    """

    protocol: str
    mixtures: tuple[str, ...]
    mixture: Array
    source: Array
    classes: tuple[str, ...]
    known: int
    label: Array
    answer: Array
    around: Array
    apart: Array | None
    error: Array | None
    top: Array | None
    number: Array | None = None
    false: FalseAnswers | None = None

    @property
    def right(self) -> Array:
        return self.label == self.answer

    @property
    def direction_right(self) -> Array | None:
        """Whether the direction answered is the right one of the grid. None where directions are
        not known, and of ALL: there they tell which answer is about which source."""
        if self.protocol == ALL or self.error is None:
            return None
        return self.error < GRID / 2

    @property
    def found(self) -> Array:
        """Whether there is an answer."""
        return self.answer >= 0

    @property
    def names(self) -> list[str]:
        """The name of each one's mixture."""
        return [self.mixtures[i] for i in self.mixture]


def questions(reference: SourceTable, answers: SourceTable) -> Questions:
    """Questions with their answers.

    Raises:
        BadFile: a question without answer, other than of ALL; an answer about a source that its
            mixture does not have; one answer a mixture where the reference names no target;
            elevations on one side; no directions where answers are told apart by them.
    """
    protocol = protocol_of(answers)
    asked = _asked(reference, protocol)
    doas = both_doas(reference, answers, needed=protocol == ALL)
    if protocol == ALL:
        given, stray = by_direction(reference, answers)
        given = given[asked]
    else:
        given, stray = _answers(reference, answers, asked), np.zeros(0, dtype=np.int64)
    guesses = _of_rows(answers.label, given, None).tolist()
    known = tuple(sorted(set(reference.label.tolist())))
    others = {*guesses, *answers.label[stray].tolist()} - {None, *known}
    classes = known + tuple(sorted(others))
    number = {name: i for i, name in enumerate(classes)}

    def indices(labels: Sequence[str | None]) -> Array:
        return np.array([-1 if n is None else number[n] for n in labels], dtype=np.int64)

    doa, labels = reference.doa, reference.label[asked].tolist()
    false = None
    if protocol == ALL:
        of, apart = nearest_source(reference, answers, stray)
        false = FalseAnswers(of, indices(answers.label[stray].tolist()), apart)
    return Questions(
        protocol,
        reference.mixtures,
        reference.mixture[asked],
        _numbers(reference)[asked],
        classes,
        len(known),
        indices(labels),
        indices(guesses),
        sources_around(reference.mixture)[asked],
        None if doa is None else angle_to_nearest(reference.mixture, doa)[asked],
        None if doas is None else errors(*doas, asked, given),
        _among_top(answers, given, labels),
        None if answers.answer is None else _of_rows(answers.answer, given, -1),
        false,
    )


def protocol_of(answers: SourceTable) -> str:
    if answers.answer is not None:
        return ALL
    return DOMINANT if answers.source is None else QUERY


def notes_on_answers(reference: SourceTable, answers: SourceTable, asked: Questions) -> list[str]:
    """What was left out, or taken in a way that a reader might not expect."""
    notes = []
    unknown = [name for name in answers.mixtures if name not in set(reference.mixtures)]
    if unknown:
        notes.append(f"answers about {len(unknown)} other mixtures left out: {some(unknown)}")
    if asked.protocol == QUERY and reference.target is not None:
        notes.append("column 'target' not used: there is an answer for every source")
    if asked.protocol == ALL:
        notes += _notes_on_directions(reference, answers, asked)
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


def _notes_on_directions(
    reference: SourceTable, answers: SourceTable, asked: Questions
) -> list[str]:
    notes = []
    answered = {answers.mixtures[i] for i in np.unique(answers.mixture)}
    silent = [name for name in reference.mixtures if name not in answered]
    if silent:
        notes.append(f"{len(silent)} mixtures without any answer: {some(silent)}")
    lost = int((~asked.found).sum())
    if lost:
        notes.append(f"{lost} of {len(asked.found)} sources were not found: they count as wrong")
    return notes


def some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _asked(reference: SourceTable, protocol: str) -> Array:
    """Rows of the reference that are asked for, those of one mixture together."""
    order = np.argsort(reference.mixture, kind="stable")
    if protocol != DOMINANT:
        return order
    if reference.target is not None:
        return order[reference.target[order]]
    several = np.flatnonzero(np.bincount(reference.mixture) > 1)
    if len(several):
        raise BadFile(
            f"{reference.named}one answer a mixture, but {reference.mixtures[several[0]]!r} has"
            " several sources and the reference does not say which is asked for: add its column"
            " 'target', or answer for every source (column 'source')"
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
            f"{answers.named}no answer to {len(missing)} of {len(asked)} questions:"
            f" {some(first)}{where}; complete the predictions, or take these out of the reference"
        )
    known, strange = set(reference.mixtures), set(row) - set(wanted)
    wrong = sorted((key for key in strange if key[0] in known), key=str)
    if wrong:
        raise BadFile(
            f"{answers.named}an answer for {_named(wrong[0])}, which the reference does not have;"
            " sources are numbered as in its column 'source'"
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


def _among_top(answers: SourceTable, given: Array, labels: Sequence[str]) -> Array | None:
    """A class without a column is not among the highest, nor is one without an answer; None for so
    few that all would be."""
    if answers.scores is None or len(answers.classes) <= TOP:
        return None
    column = {name: i for i, name in enumerate(answers.classes)}
    wanted = np.array([column.get(name, -1) for name in labels], dtype=np.int64)
    scores = _of_rows(answers.scores, given, np.nan)
    return (given >= 0) & (wanted >= 0) & among_highest(scores, wanted, TOP)


def _of_rows(values: Array, rows: Array, blank: float | None) -> Array:
    """The values of these rows, `blank` for row -1."""
    found = np.full((len(rows), *values.shape[1:]), blank, dtype=values.dtype)
    found[rows >= 0] = values[rows[rows >= 0]]
    return found
