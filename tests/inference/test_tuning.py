"""Values by class that are best on a split, and cross-validated ones."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.evaluation import class_event_f1, class_psds1
from seldbench.events import Event, EventList
from seldbench.formats.strong import Strong
from seldbench.inference import gathering
from seldbench.inference.decoding import decode
from seldbench.inference.tuning import cross_validated, fold_of, of_clip, tuned
from seldbench.recipe import Recipe, Tune

CLASSES = ("cat", "dog")
FORMATS = {"frames": Strong(CLASSES)}
HOP = 0.1
START = PostProcessing(dict.fromkeys(CLASSES, 0.5), dict.fromkeys(CLASSES, 0.0), "the paper")


def heard(clips=12, level=0.35, label="dog"):
    """Clips of 4 s with an event of 1 s each, which scores say at `level`."""
    found = []
    for n in range(clips):
        onset = 1.0 + n % 3 / 10
        scores = torch.full((40, 2), 0.1)
        first = round(onset / HOP)
        scores[first : first + 10, CLASSES.index(label)] = level
        event = Event(onset, onset + 1.0, label)
        found.append((Clip(f"{n}.wav", 4.0, {}, EventList([event])), {"frames": scores}))
    return found


def f1_of(clips):
    reference = gathering.reference_of(clips)
    return lambda said: class_event_f1(reference, gathering.events_of(said))


def psds1_of(clips):
    reference = gathering.reference_of(clips)
    durations = {clip.id: clip.duration for clip in clips}
    return lambda said: class_psds1(
        reference, durations, gathering.frame_scores_of(said, clips, CLASSES)
    )


def chosen(of, tune, start=START, score_of=f1_of):
    score = score_of([clip for clip, _ in of])
    return tuned(of, start=start, tune=tune, formats=FORMATS, hop=HOP, score=score)


def test_each_class_keeps_what_is_best_for_it_and_the_origin_says_where():
    post = chosen(heard(), Tune(on="valid", thresholds=[0.2, 0.3, 0.4], medians=[0.3]))
    assert post.thresholds == {"cat": 0.5, "dog": 0.2}  # the split has no cats
    assert post.medians == {"cat": 0.0, "dog": 0.3}
    assert post.origin == "event_f1 on valid"
    assert not post.boxes and not post.folds


def test_the_recipes_own_values_come_first_and_stay_where_nothing_is_better():
    loud = heard(level=0.9)
    assert chosen(loud, Tune(on="valid", thresholds=[0.3, 0.6])).thresholds["dog"] == 0.5
    assert chosen(loud, Tune(on="valid")) == PostProcessing(
        START.thresholds, START.medians, "event_f1 on valid"
    )


def with_gap():
    """Events whose scores have a gap of 0.25 in the middle, deeper than 0.2."""
    of = heard(level=0.8)
    for clip, outputs in of:
        first = round(next(iter(clip.events)).onset / HOP)
        outputs["frames"][first + 3 : first + 8, 1] = 0.55
    return of


def test_boxes_are_tuned_by_the_rules_of_their_grid():
    start = PostProcessing(
        dict.fromkeys(CLASSES, 0.6),
        START.medians,
        "the paper",
        {c: {"step": 0.48, "absolute": 0.2, "relative": None} for c in CLASSES},
    )
    tune = Tune(on="valid", boxes={"step": [0.48], "absolute": [0.3], "relative": [1.2]})
    for score_of in (f1_of, psds1_of):
        post = chosen(with_gap(), tune, start, score_of)
        assert post.boxes["dog"] == {"step": 0.48, "absolute": 0.3, "relative": None}
        assert post.boxes["cat"] == start.boxes["cat"]
        assert list(post.boxes) == list(CLASSES)


def test_the_grid_of_boxes_has_every_step_with_one_rule_at_a_time():
    rules = Tune(on="valid", boxes={}).boxes.rules
    assert len(rules) == 3 * (3 + 3)
    assert all((rule.absolute is None) != (rule.relative is None) for rule in rules)
    assert len({(rule.step, rule.absolute, rule.relative) for rule in rules}) == 18


def test_medians_are_tuned_by_psds1():
    of = heard(level=0.8)
    for _, outputs in of:  # a false positive in each, of one frame
        outputs["frames"][30, 1] = 0.9
    post = chosen(of, Tune(on="valid", score="psds1", medians=[0.3]), score_of=psds1_of)
    assert post.medians == {"cat": 0.0, "dog": 0.3}


def test_psds1_of_perfect_scores_is_1_for_each_class():
    of = heard(level=0.8) + [
        (Clip(f"cat{clip.id}", 4.0, {}, clip.events), outputs)
        for clip, outputs in heard(level=0.8, label="cat")
    ]
    clips = [clip for clip, _ in of]
    post = chosen(of, Tune(on="valid"), score_of=psds1_of)
    assert post.thresholds == START.thresholds
    said = {c.id: decode(o, c, formats=FORMATS, hop=HOP, post=START) for c, o in of}
    assert psds1_of(clips)(said) == {"cat": 1.0, "dog": 1.0}


# --- cross-validation


def test_folds_are_of_equal_size_and_hang_on_no_order():
    names = [f"{n}.wav" for n in range(23)]
    fold = fold_of(names)
    assert sorted(np.bincount(list(fold.values()))) == [4, 4, 5, 5, 5]
    assert fold_of(names[::-1]) == fold


def crossed(of, tune):
    return cross_validated(
        of, start=START, tune=tune, formats=FORMATS, hop=HOP, score_of=f1_of
    )  # fmt: skip


def test_a_folds_values_are_the_best_of_the_other_folds():
    of = heard(20)
    fold = fold_of([clip.id for clip, _ in of])
    tune = Tune(on="test", thresholds=[0.2, 0.3, 0.4])
    post = crossed(of, tune)
    for n in range(5):
        others = [(clip, outputs) for clip, outputs in of if fold[clip.id] != n]
        assert post.folds[n]["thresholds"] == chosen(others, tune).thresholds
    assert post.thresholds == chosen(of, tune).thresholds
    assert post.origin == "event_f1 on test, cross-validated in 5 folds of clips"


def test_a_clips_own_labels_and_scores_change_no_value_that_it_is_decided_by():
    of = heard(20)
    tune = Tune(on="test", thresholds=[0.05, 0.2, 0.3, 0.4], medians=[0.3, 0.5])
    names = [clip.id for clip, _ in of]
    fold = fold_of(names)
    before = crossed(of, tune)
    for n in range(5):
        changed = [
            (
                Clip(c.id, 4.0, {}, EventList([Event(0.0, 4.0, "cat")])),
                {"frames": torch.rand(40, 2)},
            )
            if fold[c.id] == n
            else (c, o)
            for c, o in of
        ]
        after = crossed(changed, tune)
        own = next(c for c, _ in of if fold[c.id] == n)
        mine, theirs = of_clip(before, fold, own), of_clip(after, fold, own)
        assert (mine.thresholds, mine.medians) == (theirs.thresholds, theirs.medians)
        assert before.folds[n] == after.folds[n]


def test_other_clips_have_the_values_of_all():
    post = crossed(heard(10), Tune(on="test", thresholds=[0.2]))
    assert of_clip(post, {}, Clip("new.wav", 4.0, {})) is post
    assert of_clip(START, {"0.wav": 0}, Clip("0.wav", 4.0, {})) is START


@pytest.mark.parametrize(
    "protocol, on", [("held_out", "test"), ("cross_validated_on_test", "valid")]
)
def test_only_its_own_protocol_tunes_on_test_and_on_nothing_else(protocol, on):
    stage = {
        "architecture": "a", "features": "logmel_desed", "batch": {"train": 1},
        "heads": {"frames": {"format": "strong", "loss": "bce", "on": ["train"]}},
        "training": {"step": "supervised", "epochs": 1, "window": 1.0, "lr": 1e-3},
        "select": "last",
    }  # fmt: skip
    recipe = {
        "architecture": "a", "dataset": "b", "variant": "c", "title": "t", "source": "s",
        "shown_stage": "main", "stages": {"main": stage},
    }  # fmt: skip
    right = {"held_out": "valid", "cross_validated_on_test": "test"}[protocol]
    given = {"origin": "x", "tune": {"on": right, "thresholds": [0.5]}}
    assert Recipe(**recipe, protocol=protocol, post=given).post.tune.on == right
    with pytest.raises(ValueError, match=r"post\.tune: '(test|valid)' is no (valid|test) split"):
        Recipe(**recipe, protocol=protocol, post=given | {"tune": {"on": on}})
    if protocol != "held_out":
        with pytest.raises(ValueError, match=r"needs post\.tune with on"):
            Recipe(**recipe, protocol=protocol, post={"origin": "x"})
