"""Tables of clip labels: three layouts, told apart by their header."""

import numpy as np
import pytest

from seldbench.annotations.tags import Tags, read_tag_predictions, read_tags, write_tags
from seldbench.errors import BadFile
from seldbench.prediction import ClipScores


@pytest.fixture
def table(tmp_path):
    """A table from lines with spaces for tabs."""

    def write(*lines):
        path = tmp_path / "table.tsv"
        path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
        return path

    return write


def rows(tags):
    return {
        clip: [tags.classes[i] for i in np.flatnonzero(row)]
        for clip, row in zip(tags.clips, tags.labels)
    }


def test_labels_separated_by_commas(table):
    tags = read_tags(table("filename event_labels", "a dog,cat", "b ", "c cat"))
    assert tags.classes == ("cat", "dog")
    assert rows(tags) == {"a": ["cat", "dog"], "b": [], "c": ["cat"]}
    assert not tags.single
    assert tags.fold is None


def test_one_label_a_clip_with_folds(table):
    tags = read_tags(table("filename label fold", "a dog 1", "b cat 2"))
    assert rows(tags) == {"a": ["dog"], "b": ["cat"]}
    assert tags.single
    assert tags.fold.tolist() == [1, 2]


def test_one_column_a_class_keeps_the_order_of_the_columns(table):
    tags = read_tags(table("filename dog cat fold", "a 1 0 3", "b 0 0 3"))
    assert tags.classes == ("dog", "cat")
    assert rows(tags) == {"a": ["dog"], "b": []}
    assert not tags.single
    assert tags.fold.tolist() == [3, 3]


def test_predictions_are_scores_or_decided_labels(table):
    scores = read_tag_predictions(table("filename dog cat", "a 0.25 -3", "b 1e-3 7"))
    assert isinstance(scores, ClipScores)
    assert scores.scores.tolist() == [[0.25, -3.0], [0.001, 7.0]]
    assert isinstance(read_tag_predictions(table("filename label", "a dog")), Tags)
    assert isinstance(read_tag_predictions(table("filename event_labels", "a dog")), Tags)


WRONG = {
    "not marks": (["filename dog", "a 1", "b 0.3"], "table.tsv:3: dog is 0.3, neither 0 nor 1"),
    "no number": (["filename dog", "a x"], "table.tsv:2: dog is 'x', not a finite number"),
    "clip twice": (["filename label", "a dog", "a cat"], "table.tsv:3: 'a' stands in line 2"),
    "empty label": (["filename event_labels", "a dog,,cat"], "table.tsv:2: an empty label"),
    "no label": (["filename label", "a dog", "b "], "table.tsv:3: label is empty"),
    "events": (["filename onset offset event_label", "a 0 1 dog"], "a table of events"),
    "two layouts": (["filename label dog", "a dog 1"], "dog beside 'label'"),
    "no class": (["filename fold", "a 1"], "no labels, only filename, fold"),
    "no filename": (["file dog", "a 1"], "no column 'filename'"),
    "no rows": (["filename dog"], "a header without rows"),
    "part of a fold": (["filename label fold", "a dog 1.5"], "table.tsv:2: fold is 1.5"),
    "unnamed column": (["filename dog ", "a 1 0"], "column 3 has no name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_reference_that_breaks_a_rule_is_refused(table, case):
    lines, message = WRONG[case]
    with pytest.raises(BadFile) as error:
        read_tags(table(*lines))
    assert message in str(error.value)


@pytest.mark.parametrize("cell", ["nan", "inf", "", "1_0"])
def test_a_score_is_a_finite_number(table, cell):
    with pytest.raises(BadFile, match=r"table.tsv:2: dog is '.*', not a finite number"):
        read_tag_predictions(table("filename dog cat", f"a {cell} 1"))


def test_folds_belong_into_the_reference(table):
    with pytest.raises(BadFile, match="'fold' belongs into the reference"):
        read_tag_predictions(table("filename dog fold", "a 0.5 1"))


def written(tmp_path, labels, classes, **more):
    path = tmp_path / "tags.tsv"
    given = Tags(np.array(labels, dtype=bool), ("a", "b"), classes, **more)
    write_tags(path, given)
    return path.read_text().splitlines(), read_tags(path)


def test_one_label_a_clip_is_written_with_its_fold(tmp_path):
    fold = np.array([1, 5])
    lines, back = written(tmp_path, [[0, 1], [1, 0]], ("cat, wild", "dog"), single=True, fold=fold)
    assert lines == ["filename\tlabel\tfold", "a\tdog\t1", "b\tcat, wild\t5"]
    assert back.single and back.fold.tolist() == [1, 5]
    assert rows(back) == {"a": ["dog"], "b": ["cat, wild"]}


def test_several_labels_are_written_separated_by_commas(tmp_path):
    lines, back = written(tmp_path, [[1, 1], [0, 0]], ("dog", "cat"))
    assert lines == ["filename\tevent_labels", "a\tcat,dog", "b\t"]
    assert rows(back) == {"a": ["cat", "dog"], "b": []}


def test_names_with_commas_have_a_column_a_class(tmp_path):
    lines, back = written(tmp_path, [[1, 1], [0, 0]], ("Male speech, man speaking", "Dog"))
    assert lines == ["filename\tMale speech, man speaking\tDog", "a\t1\t1", "b\t0\t0"]
    assert rows(back) == {"a": ["Male speech, man speaking", "Dog"], "b": []}


def test_a_clip_without_its_one_label_is_not_written(tmp_path):
    with pytest.raises(BadFile, match="b has 0 labels; every clip has one here"):
        written(tmp_path, [[0, 1], [0, 0]], ("cat", "dog"), single=True)
