"""Tables of the sources of mixtures, and of answers about them."""

from dataclasses import replace

import numpy as np
import pytest

from seldbench.annotations.sources import (
    SourceTable,
    read_answers,
    read_classes,
    read_sources,
    write_answers,
    write_sources,
)
from seldbench.errors import BadFile


@pytest.fixture
def table(tmp_path):
    """A table from lines with spaces for tabs."""

    def write(*lines):
        path = tmp_path / "table.tsv"
        path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
        return path

    return write


def test_sources_of_mixtures(table):
    sources = read_sources(
        table(
            "filename source label azimuth elevation target",
            "b 1 dog 90 0 0",
            "a 0 dog -45 45 1",
            "b 0 cat 180 90 1",
        )
    )
    assert sources.mixtures == ("b", "a")
    assert sources.mixture.tolist() == [0, 1, 0]
    assert sources.source.tolist() == [1, 0, 0]
    assert sources.label.tolist() == ["dog", "dog", "cat"]
    assert sources.target.tolist() == [False, True, True]
    half = np.sqrt(0.5)
    expected = [[0, 1, 0], [0.5, -0.5, half], [0, 0, 1]]
    assert sources.doa == pytest.approx(np.array(expected), abs=1e-12)


def test_places_and_targets_may_be_unknown(table):
    sources = read_sources(table("filename source label", "a 0 dog"))
    assert sources.doa is None
    assert sources.target is None
    level = read_sources(table("filename source label azimuth", "a 0 dog 90"))
    assert level.doa == pytest.approx(np.array([[0.0, 1.0, 0.0]]), abs=1e-12)


def test_answers_are_one_a_mixture_or_one_a_source(table):
    one = read_answers(table("filename label score:dog score:cat", "a dog 0.9 0.1"))
    assert one.source is None
    assert one.classes == ("dog", "cat")
    assert one.scores.tolist() == [[0.9, 0.1]]
    each = read_answers(table("filename source label azimuth", "a 0 dog 45", "a 1 cat 90"))
    assert each.source.tolist() == [0, 1]
    assert each.scores is None
    assert each.azimuth.tolist() == [45, 90]


def test_a_mixture_may_have_any_number_of_numbered_answers(table):
    found = read_answers(
        table("filename answer label azimuth", "b 0 dog 45", "c", "b 1 cat 90", "a 4 dog 0")
    )
    assert found.mixtures == ("b", "c", "a")
    assert found.mixture.tolist() == [0, 0, 2]
    assert found.answer.tolist() == [0, 1, 4]
    assert found.source is None
    nothing = read_answers(table("filename answer label azimuth", "a", "b"))
    assert nothing.mixtures == ("a", "b")
    assert len(nothing) == len(nothing.azimuth) == 0


def same(one, other):
    """Whether two tables are the same in every field, but for the file they were read from."""
    for name, mine in vars(replace(one, path=other.path)).items():
        theirs = getattr(other, name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, name
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
        else:
            assert mine == theirs, name


def random_table(rng, **fields):
    mixture = rng.permutation(np.repeat([0, 2, 3], 3))
    mixture = np.unique(mixture, return_inverse=True)[1]
    label = np.array(rng.choice(["dog", "a cat"], 9), dtype=object)
    azimuth = rng.uniform(-180, 180, 9)
    order = dict.fromkeys(mixture.tolist())
    mixture = np.array([list(order).index(m) for m in mixture.tolist()])
    return SourceTable(("x", "y.wav", "z"), mixture, label, azimuth=azimuth, **fields)


@pytest.mark.parametrize("seed", range(5))
def test_a_written_reference_reads_back_as_it_is(tmp_path, seed):
    rng = np.random.default_rng(seed)
    sources = random_table(rng, source=rng.permutation(9), elevation=rng.uniform(-90, 90, 9))
    target = np.zeros(9, bool)
    target[[np.flatnonzero(sources.mixture == i)[0] for i in range(3)]] = True
    sources = replace(sources, target=target)
    write_sources(tmp_path / "sources.tsv", sources)
    same(sources, read_sources(tmp_path / "sources.tsv"))


@pytest.mark.parametrize("seed", range(5))
def test_written_answers_read_back_as_they_are(tmp_path, seed):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(size=(9, 2)).astype(np.float32).astype(np.float64)
    given = {"scores": scores, "classes": ("dog", "a cat")}
    several = random_table(rng, answer=rng.permutation(9), **given)
    # Of these mixtures the first, two in the middle and the last have no answers.
    names = ("none", "x", "e", "f", "y.wav", "z", "last")
    several = replace(several, mixtures=names, mixture=np.array([1, 4, 5])[several.mixture])
    each = random_table(rng, source=rng.permutation(9))
    one = SourceTable(("a", "b"), np.arange(2), np.array(["dog", "cat"], object))
    for i, answers in enumerate((several, each, one)):
        write_answers(tmp_path / f"{i}.tsv", answers)
        same(answers, read_answers(tmp_path / f"{i}.tsv"))


def test_a_system_that_found_nothing_at_all_is_written_too(tmp_path):
    none = np.zeros(0)
    number, label = none.astype(np.int64), none.astype(object)
    answers = SourceTable(("a", "b"), number, label, azimuth=none, answer=number)
    write_answers(tmp_path / "a.tsv", answers)
    same(answers, read_answers(tmp_path / "a.tsv"))


def test_what_a_file_cannot_hold_is_not_written(tmp_path):
    bare = SourceTable(("a", "b"), np.zeros(1, np.int64), np.array(["dog"], object))
    with pytest.raises(ValueError, match="the sources of a reference are numbered"):
        write_sources(tmp_path / "a.tsv", bare)
    with pytest.raises(ValueError, match="only numbered answers may be absent"):
        write_answers(tmp_path / "a.tsv", bare)
    tab = SourceTable(("a",), np.zeros(1, np.int64), np.array(["a\tdog"], object))
    with pytest.raises(BadFile, match="a tab or line break"):
        write_answers(tmp_path / "a.tsv", tab)
    assert not (tmp_path / "a.tsv").exists()


def test_classes_stand_one_a_line(table):
    assert read_classes(table("dog", "cat", "")) == ("dog", "cat")
    with pytest.raises(BadFile, match="'dog' stands there twice"):
        read_classes(table("dog", "dog"))
    with pytest.raises(BadFile, match="no class; expected a class a line"):
        read_classes(table("", ""))


WRONG = {
    "no label": (["filename source", "a 0"], "no column 'label'"),
    "misspelt": (["filename source label azimut", "a 0 d 1"], "'azimut' (near: azimuth)"),
    "half a source": (["filename source label", "a 0.5 dog"], "table.tsv:2: source is 0.5"),
    "no rows": (["filename source label"], "a header without rows"),
    "empty label": (["filename source label", "a 0 "], "table.tsv:2: label is empty"),
    "source twice": (
        ["filename source label", "a 0 dog", "b 0 dog", "a 0 cat"],
        "table.tsv:4: source 0 again in 'a', first in line 2",
    ),
    "steep": (["filename source label azimuth elevation", "a 0 d 0 91"], ":2: elevation is 91"),
    "far round": (
        ["filename source label azimuth", "a 0 d 360", "a 1 d 400"],
        "table.tsv:3: azimuth is 400, expected degrees in [-180, 360]",
    ),
    "no azimuth": (["filename source label elevation", "a 0 d 0"], "elevation without azimuth"),
    "no place": (["filename source label azimuth", "a 0 d "], "table.tsv:2: azimuth is ''"),
    "no target": (
        ["filename source label target", "a 0 d 1", "b 0 d 0", "b 1 d 0"],
        "table.tsv:3: 'b' has 0 targets, expected one",
    ),
    "two targets": (["filename source label target", "a 0 d 1", "a 1 d 1"], "'a' has 2 targets"),
    "half a target": (["filename source label target", "a 0 d 0.5"], "target is 0.5, neither"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_reference_that_breaks_a_rule_is_refused(table, case):
    lines, message = WRONG[case]
    with pytest.raises(BadFile) as error:
        read_sources(table(*lines))
    assert message in str(error.value)


WRONG_ANSWERS = {
    "mixture twice": (
        ["filename label", "a dog", "a cat"],
        "table.tsv:3: a second answer for 'a', first in line 2; keep one; for one answer a source",
    ),
    "source twice": (["filename source label", "a 1 x", "a 1 y"], "source 1 again in 'a'"),
    "unnamed class": (["filename label score:", "a dog 1"], "'score:' without a class"),
    "no number": (["filename label score:dog", "a dog x"], "score:dog is 'x', not a finite number"),
    "a target": (["filename label target", "a dog 1"], "unknown column 'target'"),
    "answer twice": (
        ["filename answer label azimuth", "a 1 x 0", "a 1 y 45"],
        "table.tsv:3: answer 1 again in 'a', first in line 2",
    ),
    "both numbers": (["filename source answer label azimuth", "a 0 0 x 0"], "keep one"),
    "no direction": (["filename answer label", "a 0 x"], "no column 'azimuth'"),
    "none and one": (
        ["filename answer label azimuth", "a 0 x 0", "b 0 x 0", "a"],
        "table.tsv:4: 'a' without answers, but it stands there again",
    ),
    "nothing asked": (["filename label", "a"], "table.tsv:2: label is empty"),
}


@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_answers_that_break_a_rule_are_refused(table, case):
    lines, message = WRONG_ANSWERS[case]
    with pytest.raises(BadFile) as error:
        read_answers(table(*lines))
    assert message in str(error.value)
