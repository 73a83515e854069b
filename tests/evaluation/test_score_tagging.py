"""Scores of clips: which there are, over what, and with which interval."""

import json
from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import read_events, read_frame_scores, write_clip_scores
from seldbench.annotations.tags import Tags
from seldbench.errors import BadFile
from seldbench.evaluation.measure import Resampling
from seldbench.evaluation.tagging.scoring import (
    score_tagging,
    score_tagging_files,
    tagging_measures,
)
from seldbench.metrics.uncertainty import Drawn, LeftOut, Whole
from seldbench.prediction import ClipScores

GOLDEN = Path(__file__).parents[1] / "golden"


def tags(single=False, fold=None, classes=None, **of_clip):
    """Clips with their labels: a="dog cat"."""
    classes = classes or tuple(sorted({c for text in of_clip.values() for c in text.split()}))
    marks = np.array([[c in text.split() for c in classes] for text in of_clip.values()], bool)
    folds = None if fold is None else np.array(fold)
    return Tags(marks.reshape(len(of_clip), -1), tuple(of_clip), tuple(classes), single, folds)


def scores(classes, **of_clip):
    """Clips with a score a class: scores("cat dog", a=(0.1, 0.9))."""
    return ClipScores(np.array(list(of_clip.values()), float), tuple(of_clip), classes.split())


def given(found):
    return {name for name, value in found.scores.items() if value is not None}


@pytest.fixture
def files(tmp_path):
    """Paths of a reference and predictions from lines with spaces for tabs."""

    def write(reference, predictions):
        for name, lines in (("reference", reference), ("predictions", predictions)):
            text = "\n".join(line.replace(" ", "\t") for line in lines) + "\n"
            (tmp_path / f"{name}.tsv").write_text(text)
        return tmp_path / "reference.tsv", tmp_path / "predictions.tsv"

    return write


# What is scored


def test_scores_of_clips_with_several_labels(files):
    found = score_tagging_files(
        *files(
            ["filename event_labels", "a dog", "b dog,cat", "c cat", "d "],
            ["filename dog cat", "a 0.9 0.1", "b 0.4 0.8", "c 0.6 0.7", "d 0.2 0.9"],
        ),
        resampling=None,
    )
    # dog: a (0.9), c (0.6), b (0.4), d: precision 1 and 2/3 at its clips; 3 of 4 pairs in order.
    # cat: d (0.9), b, c, a: precision 1/2 and 2/3; 2 of 4 pairs in order.
    assert found.classes["dog"]["ap"] == pytest.approx((1 + 2 / 3) / 2)
    assert found.classes["cat"]["ap"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (found.classes["dog"]["auc"], found.classes["cat"]["auc"]) == (0.75, 0.5)
    assert found.scores["map"] == pytest.approx((5 / 6 + 7 / 12) / 2)
    assert found.scores["mauc"] == 0.625
    # sqrt(2) times the normal quantile of 0.625.
    assert found.scores["d_prime"] == pytest.approx(np.sqrt(2) * 0.31863936396437514)
    # In one ranking a dog and d cat share 0.9, then b cat, c cat, c dog, b dog.
    assert found.scores["map_micro"] == pytest.approx((1 / 2 + 2 / 3 + 3 / 4 + 4 / 6) / 4)
    # Above 0.5: a dog, b cat, c cat and c dog, d cat. Hits: a dog, b cat, c cat.
    assert found.classes["dog"]["f1"] == 0.5
    assert found.classes["cat"]["f1"] == pytest.approx(0.8)
    assert found.classes["cat"]["precision"] == pytest.approx(2 / 3)
    assert found.classes["cat"]["recall"] == 1.0
    assert found.scores["f1_macro"] == pytest.approx(0.65)
    assert found.scores["f1_micro"] == pytest.approx(6 / 9)
    assert found.scores["subset_accuracy"] == 0.25
    assert found.scores["label_accuracy"] == 5 / 8
    assert found.scores["accuracy"] is None


def test_scores_of_clips_with_one_label(files):
    found = score_tagging_files(
        *files(
            ["filename label fold", "a dog 1", "b dog 1", "c cat 1", "d cat 2"],
            ["filename cat dog", "a -1 2", "b 3 0", "c 0.1 0.4", "d 5 4"],
        ),
        resampling=None,
    )
    # The highest score decides: dog, cat, dog, cat.
    assert found.scores["accuracy"] == 0.5
    assert found.scores["accuracy_fold_mean"] == pytest.approx((1 / 3 + 1) / 2)
    assert found.scores["f1_macro"] == 0.5
    assert found.scores["subset_accuracy"] is None
    assert (found.details["correct"], found.details["total"]) == (2, 4)
    assert found.details["folds"]["1"] == {"correct": 1, "total": 3, "accuracy": 1 / 3}
    assert found.details["confusion"] == {"classes": ["cat", "dog"], "counts": [[1, 1], [1, 1]]}
    assert found.scores["accuracy_top5"] is None
    json.dumps(found.as_json(), allow_nan=False)


def test_decided_labels_rank_nothing(files):
    lines = ["filename event_labels", "a dog", "b dog,cat"]
    found = score_tagging_files(*files(lines, lines), resampling=None)
    assert given(found) == {"f1_macro", "f1_micro", "subset_accuracy", "label_accuracy"}
    assert all(found.scores[name] == 1.0 for name in given(found))


def test_one_label_each_has_an_accuracy_in_any_layout(files):
    marks = ["filename cat dog", "a 1 0", "b 0 1", "c 0 1"]
    found = score_tagging_files(*files(marks, ["filename label", "a cat", "b cat", "c dog"]))
    assert found.scores["accuracy"] == pytest.approx(2 / 3)
    assert found.details["confusion"]["counts"] == [[1, 0], [1, 1]]
    # Labels that may be several are right if there is exactly the true one.
    several = ["filename event_labels", "a cat,dog", "b dog", "c "]
    found = score_tagging_files(*files(marks, several), resampling=None)
    assert found.scores["accuracy"] == pytest.approx(1 / 3)
    assert "confusion" not in found.details


def test_among_the_five_highest():
    classes = "a b c d e f"
    reference = tags(True, x="a", y="f", classes=classes.split())
    found = score_tagging(
        reference, scores(classes, x=(5, 9, 8, 7, 6, 0), y=(5, 4, 3, 2, 1, 0)), resampling=None
    )
    assert found.scores["accuracy"] == 0.0
    assert found.scores["accuracy_top5"] == 0.5


def test_a_score_has_to_be_above_the_threshold():
    reference, guess = tags(a="dog", b=""), scores("dog", a=[0.3], b=[0.3])
    at = [
        score_tagging(reference, guess, threshold=t, resampling=None).scores["f1_micro"]
        for t in (0.3, 0.29)
    ]
    assert at == [0.0, pytest.approx(2 / 3)]


def test_clip_maxima_have_the_average_precision_of_scikit_learn():
    folder = GOLDEN / "frame_scores"
    golden = json.loads((GOLDEN / "expected_sed.json").read_text())["frame_scores"]
    frames = read_frame_scores(folder / "scores.npz")
    by_clip = read_events(folder / "ground_truth.tsv").by_clip()
    marks = [[c in by_clip[clip].labels for c in frames.classes] for clip in frames.clips]
    reference = Tags(np.array(marks), frames.clips, frames.classes)
    highest = np.stack([frames.scores[frames.rows(clip)].max(axis=0) for clip in frames.clips])
    found = score_tagging(
        reference, ClipScores(highest, frames.clips, frames.classes), resampling=Resampling(50)
    )
    ap = {label: values["ap"] for label, values in found.classes.items()}
    assert ap == pytest.approx(golden["clip_ap_sklearn"]["ap"], abs=1e-9)
    assert found.scores["map"] == pytest.approx(golden["clip_ap_sklearn"]["macro"], abs=1e-9)
    assert found.scores["map_micro"] == pytest.approx(golden["clip_ap_sklearn"]["micro"], abs=1e-9)
    low, high = found.intervals["map"]["bootstrap"]
    assert low < found.scores["map"] < high


# What the two sides do not share


def test_a_clip_without_prediction_is_an_error():
    with pytest.raises(BadFile) as error:
        score_tagging(tags(clip_1="dog", b="dog"), scores("dog", clip_01=[1], b=[1]))
    assert "no prediction for 1 of 2 clips" in str(error.value)
    assert "clip_1 (near: clip_01)" in str(error.value)


def test_predictions_for_other_clips_are_left_out_and_noted():
    reference = tags(a="dog", b="")
    alone = score_tagging(reference, scores("dog", a=[0.9], b=[0.2]), resampling=None)
    more = score_tagging(reference, scores("dog", z=[1.0], b=[0.2], a=[0.9]), resampling=None)
    assert more.scores == alone.scores
    assert "predictions for 1 other clips left out: z" in more.notes


def test_a_class_that_only_the_predictions_have_is_wrong_wherever_given():
    reference, guess = tags(a="dog", b="dog"), scores("bird dog", a=(0.9, 0.8), b=(0.1, 0.7))
    found = score_tagging(reference, guess, resampling=None)
    assert found.scores["f1_macro"] == 1.0
    assert found.scores["f1_micro"] == pytest.approx(4 / 5)
    assert found.scores["accuracy"] == 0.5
    assert found.scores["map_micro"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (found.scored_classes, found.unscored_classes) == (("dog",), ("bird",))
    assert any(note.startswith("only in the predictions: bird") for note in found.notes)


def test_a_class_that_the_predictions_lack_is_never_detected():
    found = score_tagging(tags(a="dog", b="cat", c=""), scores("dog", a=[0.9], b=[0.1], c=[0.1]))
    assert found.classes["cat"]["f1"] == 0.0
    # All clips are equal to a system that says nothing: a third of them is a cat.
    assert found.classes["cat"]["ap"] == pytest.approx(1 / 3)
    assert found.classes["cat"]["auc"] == 0.5
    assert "no scores for the reference's cat: never detected" in found.notes


def test_a_class_that_no_clip_has_is_left_out_of_means():
    reference = tags(a="dog", b="", classes=("cat", "dog"))
    found = score_tagging(reference, scores("cat dog", a=(0.1, 0.9), b=(0.2, 0.1)))
    assert found.scores["map"] == 1.0
    assert found.unscored_classes == ("cat",)
    assert found.scores["d_prime"] is None
    assert "d' is infinite at a mean ROC area of 1: left out" in found.notes


def test_a_reference_without_labels_has_no_scores():
    found = score_tagging(tags(a="", b=""), scores("dog", a=[0.9], b=[0.1]))
    assert given(found) == {"subset_accuracy", "label_accuracy"}
    assert "no clip of the reference has a label: nothing can be ranked" in found.notes


def test_ties_and_unused_thresholds_are_noted():
    reference = tags(True, a="dog", b="cat")
    found = score_tagging(
        reference, scores("cat dog", a=(0.5, 0.5), b=(0.5, 0.1)), threshold=0.4, resampling=None
    )
    assert found.scores["accuracy"] == 0.5
    assert "1 clips have several highest scores: the first column counts" in found.notes
    assert "threshold 0.4 not used: the highest score decides" in found.notes


# Replicates


@pytest.fixture(scope="module")
def random_set():
    """Twelve clips, four classes, one label each, scores with many ties."""
    rng = np.random.default_rng(3)
    marks = np.eye(4, dtype=bool)[np.append(np.arange(4), rng.integers(0, 4, 8))]
    clips, classes = tuple(f"clip{i}" for i in range(12)), ("a", "b", "c", "d")
    values = rng.integers(0, 5, (12, 4)) / 4
    return Tags(marks, clips, classes, True, np.arange(12) % 3), ClipScores(values, clips, classes)


def repeated(reference, guess, times):
    """Sets in which clip i stands as often as times[i] says."""
    rows = np.repeat(np.arange(len(times)), times)
    clips = tuple(f"clip{i}-{k}" for k, i in enumerate(rows))
    fold = None if reference.fold is None else reference.fold[rows]
    return (
        Tags(reference.labels[rows], clips, reference.classes, reference.single, fold),
        ClipScores(guess.scores[rows], clips, guess.classes),
    )


@pytest.mark.parametrize("single", [True, False])
def test_a_replicate_is_the_score_of_the_drawn_clips(random_set, single):
    reference, guess = random_set
    reference = Tags(reference.labels, reference.clips, reference.classes, single, reference.fold)
    measures = tagging_measures(reference, guess)
    times = np.random.default_rng(5).integers(0, 4, (6, 12))
    for row in times:
        alone = score_tagging(*repeated(reference, guess, row), resampling=None)
        for measure in measures:
            values = measure.values(Drawn(row[None].astype(float)))
            for name, value in values.scores.items():
                expected = np.nan if alone.scores[name] is None else alone.scores[name]
                assert value[0] == pytest.approx(expected, abs=1e-12, nan_ok=True), name
            for name, values_of in values.classes.items():
                for label, value in zip(measure.labels, values_of[0]):
                    expected = alone.classes.get(label, {}).get(name)
                    expected = np.nan if expected is None else expected
                    assert value == pytest.approx(expected, abs=1e-12, nan_ok=True), (label, name)


def test_leaving_out_a_clip_is_not_drawing_it(random_set):
    for measure in tagging_measures(*random_set):
        left, drawn = measure.of(LeftOut(12)), measure.of(Drawn(1.0 - np.eye(12)))
        for name, values in left.scores.items():
            assert values == pytest.approx(drawn.scores[name], abs=1e-12, nan_ok=True)
        whole = measure.of(Whole(12)).scores
        assert {name: len(values) for name, values in whole.items()} == dict.fromkeys(whole, 1)


def test_every_score_has_both_intervals(random_set):
    found = score_tagging(*random_set, resampling=Resampling(200))
    assert set(found.intervals) == given(found)
    for name, of in found.intervals.items():
        assert set(of) == {"jackknife", "bootstrap"}, name
    low, high = found.intervals["accuracy"]["bootstrap"]
    assert low <= found.scores["accuracy"] <= high
    assert set(found.class_intervals["a"]["ap"]) == {"jackknife", "bootstrap"}


def test_written_scores_give_the_same(random_set, tmp_path):
    reference, guess = random_set
    write_clip_scores(tmp_path / "scores.tsv", guess)
    labels = (reference.classes[i] for i in reference.labels.argmax(axis=1))
    text = "".join(f"{clip}\t{label}\n" for clip, label in zip(reference.clips, labels))
    (tmp_path / "reference.tsv").write_text("filename\tlabel\n" + text)
    found = score_tagging_files(
        tmp_path / "reference.tsv", tmp_path / "scores.tsv", resampling=None
    )
    expected = score_tagging(reference, guess, resampling=None).scores
    assert found.scores == {**expected, "accuracy_fold_mean": None}
