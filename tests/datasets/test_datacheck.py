"""`data check`: counts and statistics by hand, and every fault told, not the first alone."""

import json

import numpy as np
import pytest

from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.datacheck import check
from seldbench.events import Event, EventList

EVENT = ("filename", "onset", "offset", "event_label")
SYNTHETIC_TRAIN = "train/synthetic21_train/soundscapes"


def report_of(report, split):
    return next(s for s in report.splits if s.split == split)


@pytest.fixture
def checked(desed):
    return lambda split, **options: report_of(check(desed(), **options), split)


def test_a_whole_split_is_counted_by_file_and_class(tree, checked):
    tree.test()
    tree.wav("validation/validation", "Yshort_6789_-_20.000_24.000.wav", seconds=0.4, channels=2)
    report = checked("test")
    assert (report.found, report.expected) == (3, 1168)
    assert report.rates == {16000: 3}
    assert report.channels == {1: 2, 2: 1}
    assert report.seconds == pytest.approx((0.1, 0.2, 0.4))
    assert report.total_seconds == pytest.approx(0.6)
    assert report.empty == 1
    assert report.classes["Dog"].clips == 1
    assert (report.classes["Frying"].events, report.classes["Frying"].mean) == (1, 4.0)
    assert report.missing == []
    assert report.problems == []


def test_weak_labels_are_counted_by_clip_on_both_sides_of_the_hold_out(tree, desed):
    tree.weak()
    report = check(desed())
    train, valid = report_of(report, "train/weak"), report_of(report, "valid/weak")
    assert train.classes["Dog"].clips + valid.classes["Dog"].clips == 12
    assert train.classes["Dog"].events is None
    assert (train.found, train.expected) == (18, 1578 - 2)
    assert (valid.found, valid.expected) == (2, 2)


def test_missing_files_are_all_listed(tree, checked):
    for path in tree.test()[1:]:
        path.unlink()
    report = checked("test")
    assert report.missing == ["YnothingHere_0.000_10.000.wav", "Yshort_6789_-_20.000_24.000.wav"]
    assert not report.complete


def test_the_terminal_lists_twenty_and_json_lists_all(tree, desed):
    names = [f"Y{i}_0.000_10.000.wav" for i in range(30)]
    tree.table("train/unlabel_in_domain.tsv", ("filename",), [[n] for n in names])
    tree.wav("train/unlabel_in_domain", names[0])
    report = check(desed())
    text = "\n".join(report.lines())
    assert sum(name in text for name in names) == 20
    assert "9 more" in text
    split = next(s for s in report.as_json()["splits"] if s["split"] == "train/unlabelled")
    assert split["missing"] == names[1:]


def test_parts_that_are_absent_are_told_and_an_optional_one_is_no_fault(tree, desed):
    tree.test()
    report = check(desed())
    assert "no table" in report_of(report, "train/real").absence
    assert not report_of(report, "train/real").complete
    assert report_of(report, "test/public").complete
    assert not report.ok


def test_every_unreadable_file_is_told(tree, checked):
    first, second, third = tree.test()
    first.write_bytes(first.read_bytes()[:30])
    second.write_bytes(second.read_bytes()[:-100])
    tree.wav("validation/validation", third.name, channels=4)
    tree.wav("validation/validation", "stray.wav", seconds=0)
    problems = checked("test").problems
    assert len(problems) == 3
    assert "header is truncated" in problems[0]
    assert "truncated, its header states" in problems[1]
    assert "has 4 channels" in problems[2]


def test_a_file_of_0_samples_is_told_beside_the_label_statistics(tree, checked):
    tree.synthetic_train()
    tree.wav(SYNTHETIC_TRAIN, "1.wav", seconds=0)
    report = checked("train/synthetic")
    assert len(report.problems) == 1
    assert "1.wav: holds 0 samples" in report.problems[0]
    assert report.classes["Blender"].events == 1


def test_every_broken_rule_of_a_table_is_told_with_its_line(tree, checked):
    rows = [
        ("a.wav", 0, 1, "Dog"),
        ("a.wav", 0, 1, "Dog"),  # listed twice
        ("a.wav", 0.5, 3, "Dog"),  # overlaps
        ("a.wav", 2.5, 2.8, "Dog"),  # overlaps an event before the one before it
        ("a.wav", 2.5, 2.8, "Cat"),
        ("b.wav", -1, 1, "Dog"),
        ("b.wav", 3, 2, "Dog"),
        ("b.wav", 3, 4, "Frying_pan"),
        ("b.wav", 3, "", "Dog"),
        ("b.wav", "x", 4, "Dog"),
        ("b.wav", 0, "nan", "Dog"),
    ]
    tree.test()
    tree.table("validation/validation.tsv", EVENT, rows)
    tree.table("validation/validation_durations.tsv", ("filename", "duration"), [("a.wav", 0)])
    problems = checked("test").problems
    expected = [
        "validation.tsv:7: onset -1 is negative",
        "validation.tsv:8: offset 2 is not after onset 3",
        "validation.tsv:9: unknown label 'Frying_pan' (near: Frying",
        "validation.tsv:10: onset '3', offset '', label 'Dog'",
        "validation.tsv:11: onset 'x'",
        "validation.tsv:12: onset '0', offset 'nan'",
        "a.wav: Dog 0-1 is listed twice",
        "a.wav: Dog 0-1 and Dog 0.5-3 overlap",
        "a.wav: Dog 0.5-3 and Dog 2.5-2.8 overlap",
        "validation_durations.tsv:2: duration '0'",
        "validation_durations.tsv: has no line for b.wav",
    ]
    for problem, text in zip(problems, expected, strict=True):
        assert text in problem


def test_names_listed_twice_are_told_once_for_both_sides_of_a_hold_out(tree, desed):
    tree.weak()
    rows = [("a.wav", "Dog"), ("b.wav", "Cat"), ("a.wav", "Dog"), ("c.wav", "Bird")]
    tree.table("train/weak.tsv", ("filename", "event_labels"), rows)
    report = check(desed())
    problems = report_of(report, "train/weak").problems
    assert len(problems) == 2
    assert "weak.tsv:4: a.wav is named twice (before: line 2)" in problems[0]
    assert "weak.tsv:5: unknown label 'Bird'" in problems[1]
    assert report_of(report, "valid/weak").problems == []


def test_a_table_without_a_column_is_told(tree, checked):
    tree.test()
    tree.table("validation/validation.tsv", ("filename", "onset", "event_label"), [])
    (problem,) = checked("test").problems[:1]
    assert "no column 'offset'" in problem


def test_files_that_disagree_with_their_tables_are_noted(tree, checked):
    tree.test()
    notes = checked("test").notes
    assert any("3 files are not as long as stated" in note for note in notes)
    assert any("3 events end after their file" in note for note in notes)


def test_a_deep_check_hashes_the_sound_itself(tree, checked):
    first = tree.test()[0]
    before = checked("test", deep=True).digest
    assert checked("test", deep=True).digest == before
    assert checked("test").digest is None
    tree.wav("validation/validation", first.name, level=0.2)
    assert checked("test", deep=True).digest != before


def test_a_deep_check_tells_samples_that_are_not_finite(tree, checked):
    import soundfile

    soundfile.write(tree.test()[0], np.full(100, np.nan, np.float32), 16000, subtype="FLOAT")
    assert checked("test").problems == []
    assert "NaN" in checked("test", deep=True).problems[0]


def test_the_report_is_json(tree, desed):
    tree.all()
    found = json.loads(json.dumps(check(desed(), deep=True).as_json(), allow_nan=False))
    assert found["ok"] is False
    assert found["dataset"] == "desed"


class Foreign:
    """A data set of somebody else, with nothing but the contract."""

    name, task, grid, folds, simulated = "foreign", "sed", None, 1, None
    classes, splits = ("Dog",), ("train/real", "test")
    citation = licence = ""

    def clips(self, split, fold=0):
        wave = Waveform(np.zeros((1, 8000)), 16000)
        events = EventList([Event(0.0, 0.25, "Dog"), Event(0.3, 0.55, "Dog")])
        return [Clip("a", 0.5, {"mono": wave}, events)]

    def coverage(self, split):
        return 1, 1

    def fingerprint(self):
        return "f"


def test_a_data_set_with_nothing_but_the_contract_is_checked_through_it():
    report = check(Foreign())
    assert report.ok
    test = report_of(report, "test")
    assert (test.found, test.expected) == (1, 1)
    assert test.rates == {16000: 1}
    assert test.classes["Dog"].events == 2
    assert test.classes["Dog"].median == pytest.approx(0.25)


def test_progress_is_told(tree, desed):
    told = []

    class Listener:
        def say(self, line): ...
        def advance(self, task, done, total, note=""):
            told.append((task, done, total))

    tree.test()
    check(desed(), progress=Listener())
    assert told[-1] == ("checking test", 3, 3)
