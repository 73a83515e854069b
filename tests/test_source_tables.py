"""Tables of the sources of mixtures, and of answers about them."""

import numpy as np
import pytest

from seldbench.annotations.sources import read_answers, read_sources
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
}


@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_answers_that_break_a_rule_are_refused(table, case):
    lines, message = WRONG_ANSWERS[case]
    with pytest.raises(BadFile) as error:
        read_answers(table(*lines))
    assert message in str(error.value)
