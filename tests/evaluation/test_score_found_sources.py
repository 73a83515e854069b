"""Scores of systems that answer for every direction they find, and which part fails first."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from seldbench.annotations.sources import SourceTable, write_answers, write_sources
from seldbench.errors import BadFile, UnknownName
from seldbench.evaluation.comparison.files import compare_files, source_reader
from seldbench.evaluation.sources.scoring import score_sources, score_sources_files
from seldbench.evaluation.sources.signals import Signals
from seldbench.metrics.sources import mcnemar


def table(*lines, mixtures=()):
    """A table from lines such as "m1 0 dog 45": mixture, source, label, azimuth, and the target's
    has a star behind it."""
    rows = [line.split() for line in lines]
    names = tuple(dict.fromkeys([*mixtures, *(row[0] for row in rows)]))
    starred = np.array([row[3].endswith("*") for row in rows], dtype=bool)
    return SourceTable(
        names,
        np.array([names.index(row[0]) for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=object),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[3].rstrip("*") for row in rows], dtype=np.float64),
        target=starred if starred.any() else None,
    )


def numbered(*lines, **options):
    """The same as answers: the number is that of an answer."""
    given = table(*lines, **options)
    return replace(given, source=None, answer=given.source)


REFERENCE = table(
    "m1 0 dog 0*", "m1 1 cat 45", "m2 0 dog 0", "m2 1 cat 180*", "m2 2 dog 90", "m3 0 bird -170*"
)
# In m1 both are found and named; in m2 the cat is called a dog, and 30 degrees is nobody's
# direction; in m3 nothing is found.
ANSWERS = numbered("m1 0 cat 44", "m1 1 dog 10", "m2 0 dog -180", "m2 7 dog 30", mixtures=["m3"])


def test_answers_are_matched_to_sources_by_direction():
    found = score_sources(REFERENCE, ANSWERS)
    assert found.details["protocol"] == "all"
    assert found.scores["accuracy"] == pytest.approx(2 / 6)
    assert (found.details["correct"], found.details["total"]) == (2, 6)
    assert found.scores["direction_recall"] == pytest.approx(3 / 6)
    assert found.scores["direction_precision"] == pytest.approx(3 / 4)
    assert found.scores["direction_f1"] == pytest.approx(2 * 3 / (6 + 4))
    assert found.scores["direction_accuracy"] is None
    # Of those that were found: 1, 10 and 0 degrees.
    assert found.scores["direction_error"] == pytest.approx(11 / 3)
    assert found.details["misses"] == 3
    assert found.details["false_directions"] == 1
    assert found.details["false_directions_by_angle"] == {"45": 1}
    json.dumps(found.as_json(), allow_nan=False)


def test_misses_have_no_column_and_false_directions_cost_precision():
    found = score_sources(REFERENCE, ANSWERS)
    assert found.details["confusion"] == {
        "classes": ["bird", "cat", "dog"],
        "counts": [[0, 0, 0], [0, 1, 1], [0, 0, 1]],
        "misses": [1, 0, 2],
        "false": [0, 0, 1],
    }
    dog, bird = found.classes["dog"], found.classes["bird"]
    assert (dog["recall"], dog["precision"]) == pytest.approx((1 / 3, 1 / 3))
    assert dog["direction_recall"] == pytest.approx(1 / 3)
    assert (bird["recall"], bird["precision"], bird["f1"]) == (0.0, None, 0.0)
    assert found.scores["recall_macro"] == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert found.scores["f1_macro"] == pytest.approx((0 + 2 / 3 + 2 / 6) / 3)


def test_misses_and_false_directions_stand_with_their_conditions():
    details = score_sources(REFERENCE, ANSWERS, resampling=None).details
    by_number = details["accuracy_by_sources"]
    numbers = ("correct", "total", "misses", "false_directions")
    assert {n: tuple(of[k] for k in numbers) for n, of in by_number.items()} == {
        "1": (0, 1, 1, 0),
        "2": (2, 2, 0, 0),
        "3": (0, 3, 2, 1),
    }
    by_angle = details["accuracy_by_angle"]
    assert {n: tuple(of[k] for k in numbers[:3]) for n, of in by_angle.items()} == {
        "45": (2, 2, 0),
        "90": (0, 3, 2),
    }


def test_a_reader_is_told_what_counts_and_what_was_lost():
    notes = score_sources(REFERENCE, ANSWERS).notes
    assert not any("target" in note for note in notes)  # answers for all say so themselves
    assert "1 mixtures without any answer: m3" in notes
    assert "3 of 6 sources were not found: they count as wrong" in notes


def test_a_person_is_shown_the_scores_that_have_a_value_alone():
    lines = score_sources(REFERENCE, ANSWERS).lines()
    shown = [line.split()[0] for line in lines if line.startswith(("accuracy", "direction"))]
    assert "direction_recall" in shown and "direction_accuracy" not in shown
    assert not [line for line in lines if line.endswith(" -")]


def test_nothing_found_anywhere_is_nothing_right():
    none = numbered(mixtures=["m1", "m2", "m3"])
    found = score_sources(REFERENCE, none)
    assert found.scores["accuracy"] == found.scores["direction_f1"] == 0.0
    assert found.scores["direction_precision"] is None
    assert found.scores["direction_error"] is None


def test_answers_about_other_mixtures_are_left_out():
    more = numbered("other 0 fox 0", "m1 1 dog 10", "m1 0 cat 44", "m2 0 dog 180", "m2 7 dog 30")
    found = score_sources(REFERENCE, more, resampling=None)
    plain = score_sources(REFERENCE, ANSWERS, resampling=None)
    assert found.scores == pytest.approx(plain.scores)
    assert "answers about 1 other mixtures left out: other" in found.notes
    assert "fox" not in found.unscored_classes


def test_without_directions_answers_cannot_be_told_apart():
    bare = replace(REFERENCE, azimuth=None)
    with pytest.raises(BadFile, match="add the column 'azimuth' to the reference"):
        score_sources(bare, ANSWERS)
    with pytest.raises(BadFile, match="add the column 'azimuth' to the predictions"):
        score_sources(REFERENCE, replace(ANSWERS, azimuth=None))


def test_the_true_class_among_the_five_highest_scores_of_those_that_were_found():
    classes = tuple("abcdef")
    reference = table("x 0 e 0", "y 0 f 0", "z 0 a 0")
    answers = numbered("x 0 a 0", "y 0 a 0", mixtures=["z"])
    scores = np.array([[5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0.0]])
    found = score_sources(reference, replace(answers, scores=scores, classes=classes))
    assert found.scores["accuracy_top5"] == pytest.approx(1 / 3)


# Which part is the first to fail


ORACLES = {
    # Right with it: m1/0, m1/1, m2/0, not m2/1, m2/2; m3/0 is.
    "direction": table("m1 0 dog 0", "m1 1 cat 0", "m2 0 dog 0", "m2 1 dog 0", "m2 2 cat 0",
                       "m3 0 bird 0"),
    # m1/1 is spoilt by it.
    "separation": table("m1 0 dog 0", "m1 1 dog 0", "m2 0 dog 0", "m2 1 cat 0", "m2 2 cat 0",
                        "m3 0 bird 0"),
}  # fmt: skip


def test_every_question_is_laid_to_the_first_part_that_fails():
    found = score_sources(REFERENCE, ANSWERS, oracles=ORACLES)
    # m1/0 and m1/1 are right; m2/0 and m3/0 were not found and are right with the true direction;
    # m2/1 is right with the true signal alone; m2/2 is a cat whatever is given.
    of = found.details["attribution"]
    assert {kind: part["number"] for kind, part in of["kinds"].items()} == {
        "right": 2,
        "localisation": 2,
        "separation": 1,
        "classification": 1,
    }
    assert of["total"] == 6
    assert of["kinds"]["separation"]["share"] == pytest.approx(1 / 6)
    assert of["right_but_wrong_with"] == {"direction": 0, "separation": 1}
    assert set(of["kinds"]["right"]["intervals"]) == {"jackknife", "bootstrap"}
    assert found.scores["accuracy_oracle_direction"] == pytest.approx(4 / 6)
    assert found.scores["accuracy_oracle_separation"] == pytest.approx(4 / 6)
    line = "of 6 questions: right 2 (33.3 %), localisation 2 (33.3 %), separation 1 (16.7 %),"
    assert f"{line} classification 1 (16.7 %)" in found.lines()


def test_where_one_answer_a_mixture_is_asked_for_so_it_is_of_oracles():
    def answers(*labels):
        lines = [f"m{i} 0 {label} 0" for i, label in enumerate(labels, 1)]
        return replace(table(*lines), source=None)

    # Targets: dog, cat, bird.
    oracles = {"direction": answers("dog", "dog", "bird"), "separation": answers("dog", "cat", "x")}
    found = score_sources(REFERENCE, answers("dog", "dog", "dog"), oracles=oracles)
    kinds = found.details["attribution"]["kinds"]
    assert {kind: part["number"] for kind, part in kinds.items()} == {
        "right": 1,
        "localisation": 1,
        "separation": 1,
        "classification": 0,
    }


def test_one_oracle_alone_attributes_nothing():
    some = {"separation": ORACLES["separation"]}
    found = score_sources(REFERENCE, ANSWERS, oracles=some)
    assert "attribution" not in found.details
    assert found.scores["accuracy_oracle_separation"] == pytest.approx(4 / 6)
    assert found.scores["accuracy_oracle_direction"] is None


def test_oracles_answer_the_same_questions():
    with pytest.raises(BadFile, match=r"the true direction are one a source.*column 'source'"):
        score_sources(REFERENCE, ANSWERS, oracles={"direction": ANSWERS})
    one = replace(table("m1 0 dog 0", "m2 0 dog 0", "m3 0 dog 0"), source=None)
    with pytest.raises(BadFile, match="the true separation are one a mixture"):
        score_sources(REFERENCE, one, oracles={"separation": ORACLES["separation"]})
    with pytest.raises(UnknownName, match="no oracle 'directon'"):
        score_sources(REFERENCE, ANSWERS, oracles={"directon": ANSWERS})
    few = table("m1 0 dog 0")
    with pytest.raises(BadFile, match="no answer to 5 of 6 questions"):
        score_sources(REFERENCE, ANSWERS, oracles={"direction": few})


def test_classes_that_no_question_has_are_named():
    dominant = replace(table("m1 0 dog 0", "m2 0 wolf 0", "m3 0 bird 0"), source=None)
    reference = table("m1 0 dog 0*", "m1 1 owl 45", "m2 0 dog 0*", "m3 0 bird 0*")
    classes = ("bird", "cow", "dog", "owl")
    found = score_sources(reference, dominant, classes=classes)
    assert found.scored_classes == ("bird", "dog")
    assert found.unscored_classes == ("cow", "owl", "wolf")
    with pytest.raises(BadFile, match="'owl' is none of the data set's"):
        score_sources(reference, dominant, classes=classes[:3])


# Separated signals


def test_signals_are_of_the_sources_that_were_found(tmp_path):
    rng = np.random.default_rng(0)
    known = table("m1 0 dog 0", "m1 1 cat 90", "m2 3 cat 180")
    answers = numbered("m1 4 cat 90", "m1 5 cat 270", mixtures=["m2"])
    one, other, noise = 0.1 * rng.standard_normal((3, 400))
    other -= one * (one @ other) / (one @ one)
    write(tmp_path / "true" / "m1" / "0.wav", one)
    write(tmp_path / "true" / "m1" / "1.wav", other)
    write(tmp_path / "separated" / "m1" / "4.wav", other + 0.1 * one)
    write(tmp_path / "separated" / "m1" / "5.wav", noise)
    write(tmp_path / "mixtures" / "m1.wav", one + other)
    signals = Signals(tmp_path / "separated", tmp_path / "true", tmp_path / "mixtures")
    found = score_sources(known, answers, signals=signals)
    gain = 10 * np.log10((other @ other) / (one @ one))
    assert found.scores["si_sdr"] == pytest.approx(20 + gain, abs=1e-4)
    assert found.scores["si_sdri"] == pytest.approx(20, abs=1e-4)
    assert found.classes["dog"]["si_sdr"] is None
    assert "SI-SDR and SNR are of the 1 sources that were found, of 3" in found.notes
    assert not any("silent" in note for note in found.notes)


def write(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, 8000, subtype="FLOAT")


# Files


@pytest.fixture
def files(tmp_path):
    """Reference, answers, oracles and classes of the first example, written."""
    write_sources(tmp_path / "reference.tsv", REFERENCE)
    write_answers(tmp_path / "answers.tsv", ANSWERS)
    for name, of in ORACLES.items():
        write_answers(tmp_path / f"{name}.tsv", of)
    (tmp_path / "classes.txt").write_text("ant\nbird\ncat\ndog\n")
    return tmp_path


def test_files_score_as_the_tables_do(files):
    found = score_sources_files(
        files / "reference.tsv",
        files / "answers.tsv",
        oracles={name: files / f"{name}.tsv" for name in ORACLES},
        classes=files / "classes.txt",
    )
    assert found == score_sources(
        REFERENCE, ANSWERS, oracles=ORACLES, classes=["ant", "bird", "cat", "dog"]
    )
    assert found.unscored_classes == ("ant",)


def test_two_systems_are_told_apart_question_by_question_by_mcnemar_s_test(files):
    """A is right on m1/0 and m1/1, B on m1/1, m2/1 and m3/0: 1 against 2."""
    reader = source_reader(files / "reference.tsv")
    other = numbered("m1 0 cat 45", "m2 0 cat 180", "m3 0 bird -170")
    write_answers(files / "b.tsv", other)
    found = compare_files(reader, {"A": [files / "answers.tsv"], "B": [files / "b.tsv"]})
    pairs = {pair.score: pair for pair in found.pairs}
    (exact,) = pairs["accuracy"].mcnemar
    assert (exact.first, exact.second) == (1, 2)
    right = np.array([[1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1]])
    assert exact.p == pytest.approx(mcnemar(*right)) == 1.0
    assert pairs["recall_macro"].mcnemar == ()
    line = next(line for line in found.lines() if line.startswith("accuracy:"))
    assert line.endswith("; McNemar p 1 (1 : 2)")
    assert any(note.startswith("McNemar: the exact test over questions") for note in found.notes)
    plain = next(p for p in found.as_json()["pairs"] if p["score"] == "accuracy")
    assert plain["mcnemar"] == [{"first": 1, "second": 2, "p": 1.0}]


def test_with_a_baseline_second_mcnemar_s_numbers_follow_the_pair(files):
    reader = source_reader(files / "reference.tsv")
    write_answers(files / "b.tsv", numbered("m1 0 cat 45", "m2 0 cat 180", "m3 0 bird -170"))
    systems = {"A": [files / "answers.tsv"], "B": [files / "b.tsv"]}
    found = compare_files(reader, systems, baseline="A", scores=["accuracy"])
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("B", "A")
    assert (pair.mcnemar[0].first, pair.mcnemar[0].second) == (2, 1)
