"""The page of a score: all of it in one file, every name shown as it is."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from seldbench.errors import WriteFailed
from seldbench.evaluation import Resampling, Scores, psd_roc, score_sed
from seldbench.evaluation.budget.tables import sed_budget, seld_budget
from seldbench.events import DirectionTable, Event, OperatingPoints, event_table
from seldbench.metrics import VERSION
from seldbench.report.figures.drawing import Scale, mark, scale_of, stacked
from seldbench.report.pages.scored import page, write_page

WILD = "<script>alert(1)</script>"
VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Tags(HTMLParser):
    """Tags and attributes of a page; its texts outside of styles, joined; tags left open."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.texts = [], [], [], []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", "".join(self.texts))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.texts.append("" if tag == "wbr" else " ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)


def scores_of(**more):
    made = {"scores": {}, "classes": {}, "intervals": {}}
    return Scores(**{**made, "scored_classes": (), "unscored_classes": (), **more})


def show(scores, **more):
    return page(scores, title="A system", inputs={"reference": "truth.tsv"}, **more)


TRUE = event_table({"a": [Event(0, 1, WILD), Event(2, 3, "Dog")], "b": [Event(0, 8, "Frying")]})
FOUND = event_table({"a": [Event(0, 1, "Dog"), Event(2, 3, "Dog")], "b": [Event(3, 8, "Frying")]})


@pytest.fixture(scope="module")
def of_sed():
    """A score of events with its budget, at two operating points, and its PSD-ROC."""

    points = OperatingPoints(np.array([0.5]), np.zeros(len(FOUND), dtype=np.int64), FOUND)
    durations, resampling = {"a": 10.0, "b": 10.0}, Resampling(20)
    scores = score_sed(TRUE, durations, points, threshold=0.5, resampling=resampling)
    budget = sed_budget(TRUE, FOUND, resampling=resampling)
    scores = replace(scores, details={**scores.details, **budget}, notes=["mind <this>"])
    return scores, show(scores, curves=psd_roc(TRUE, durations, points), made="2024-01-01")


def test_it_has_every_score_with_both_intervals_and_every_class(of_sed):
    scores, text = of_sed
    words = Tags(text).text
    for name, value in scores.scores.items():
        assert name in words
        assert value is None or f"{value:.3f}" in words
    low, high = scores.intervals["event_f1_macro"]["jackknife"]
    assert f"{low:.3f} to {high:.3f} jackknife" in words
    assert all(label in words for label in scores.scored_classes)
    for part in ("PSD-ROC", "Error budget", "By condition", "mind <this>", "2024-01-01"):
        assert part in words


def test_names_are_text_and_never_markup(of_sed):
    _, text = of_sed
    assert "script" not in Tags(text).tags
    assert WILD in Tags(text).text
    assert WILD not in text


def test_titles_files_and_unknown_tables_are_escaped_too():
    scores = scores_of(details={"mine": {WILD: [1, 2]}, "scorer": WILD})
    text = page(scores, title=WILD, inputs={WILD: WILD})
    assert "script" not in Tags(text).tags
    assert Tags(text).text.count(WILD) >= 5


def test_it_needs_nothing_from_outside(of_sed):
    _, text = of_sed
    for name, value in Tags(text).attributes:
        assert name not in ("src", "srcset", "data") and not name.startswith("on")
        assert not name.endswith("href") or value.startswith("#")
        assert not re.search(r"url\((?!#)", value)
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert re.findall(r"https?://", re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)) == []


def test_every_tag_is_closed_and_every_header_cell_has_a_scope(of_sed):
    _, text = of_sed
    assert Tags(text).open == []
    assert re.findall(r"<th(?![^>]*scope=)[ >]", text) == []


def test_colours_are_the_pages_own_so_that_dark_pages_stay_readable(of_sed):
    _, text = of_sed
    body = text[text.index("<body>") :]
    assert "prefers-color-scheme: dark" in text
    assert re.findall(r"(?:fill|stroke)[=:] ?\"?#", body) == []


def test_the_cost_of_each_kind_of_error_is_written_out(of_sed):
    scores, text = of_sed
    cost = scores.details["error_budget"]["cost"]["event_f1_micro"]["onset"]
    assert f"+{cost:.3f}" in Tags(text).text


def test_counts_of_frames_are_not_passed_off_as_a_years_scores():
    rows = np.zeros(2, dtype=np.int64)
    table = DirectionTable(("a",), rows, np.arange(2), rows, rows, np.array([[0.0, 0], [90, 0]]))
    text = show(scores_of(details=seld_budget(table, table)))
    assert "not a year's counters" in Tags(text).text
    assert "Azimuth" in Tags(text).text


def test_scores_in_degrees_and_decibels_name_their_line_and_unit():
    scores = scores_of(scores={"le_cd": 17.3, "si_sdr": -4.5, "er20": 1e16})
    words = Tags(show(scores)).text
    assert "0 to 20" in words and "-5 to 0" in words
    assert "degrees" in words and "dB" in words
    assert "1e+16" in words


def test_a_confusion_matrix_and_accuracies_by_condition_of_tagging_and_sources():
    details = {
        "confusion": {"classes": ["cat", "dog"], "counts": [[7, 1], [0, 4321]]},
        "accuracy_by_angle": {
            "45": {"correct": 3, "total": 4, "accuracy": 0.75, "intervals": {}},
        },
        "protocol": "query",
        "thresholds": {"cat": 0.25},
    }
    words = Tags(show(scores_of(details=details))).text
    assert "4321" in words
    assert "0.750" in words and "Accuracy by angle" in words
    assert "protocol query" in words
    assert '"cat": 0.25' in words


def test_of_very_many_classes_the_most_confused_pairs_are_listed():
    names = [f"class {i}" for i in range(30)]
    counts = np.zeros((30, 30), dtype=int)
    counts[3, 4], counts[5, 5] = 17, 99
    details = {"confusion": {"classes": names, "counts": counts.tolist()}}
    words = Tags(show(scores_of(details=details))).text
    assert "class 3 class 4 17" in words
    assert "class 5" not in words


def test_a_score_of_nothing_still_has_a_page_with_its_provenance():
    words = Tags(show(scores_of(scores={"psds1": None}, notes=["no events"]))).text
    assert "Nothing could be scored" in words
    assert "truth.tsv" in words and f"version {VERSION}" in words


def test_writing_replaces_the_file_in_one_step_or_leaves_it(tmp_path):
    path = tmp_path / "deep" / "page.html"
    write_page(path, scores_of(), title="One", inputs={})
    write_page(path, scores_of(), title="Two", inputs={})
    assert "Two" in path.read_text() and [p.name for p in path.parent.iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="cannot be written"):
        write_page(tmp_path / "file" / "page.html", scores_of(), title="One", inputs={})


def test_places_on_a_line():
    assert scale_of([0.2, None, 1.0]) == Scale(0.0, 1.0)
    assert scale_of([14.2, 21.0]) == Scale(0.0, 50.0)
    assert scale_of([-3.0, 8.0]) == Scale(-5.0, 10.0)
    assert scale_of([0.9], [0.7, 1.1]) == Scale(0.0, 1.0)
    assert scale_of([0.9], [0.7, 1.8]) == Scale(0.0, 2.0)
    drawn = mark(0.5, {"jackknife": (0.4, 1.6), "bootstrap": (0.4, 0.6)}, Scale(0.0, 1.0))
    assert (drawn.at, drawn.text) == (50.0, "0.500")
    assert [(s.method, s.start, s.stop) for s in drawn.spans] == [
        ("bootstrap", 40.0, 60.0),
        ("jackknife", 40.0, 100.0),
    ]
    assert mark(None, {"jackknife": (0.4, 0.6)}, Scale(0.0, 1.0)).spans == ()


def test_a_stacked_bar_is_full():
    slices = stacked({"miss": 1, "hit": 3, "onset": 0}, ["hit", "onset", "miss"])
    assert [(s.kind, s.start, s.width) for s in slices] == [
        ("hit", 0.0, 75.0),
        ("miss", 75.0, 25.0),
    ]


def test_the_first_part_to_fail_and_what_was_not_found():
    def cause(number):
        return {"number": number, "share": number / 8, "intervals": {"bootstrap": [0.0, 0.5]}}

    kinds = dict.fromkeys(("right", "localisation", "separation", "classification"))
    kinds = {kind: cause(number) for kind, number in zip(kinds, (4, 3, 1, 0))}
    details = {
        "attribution": {
            "total": 8,
            "kinds": kinds,
            "right_but_wrong_with": {"direction": 2, "separation": 0},
        },
        "confusion": {
            "classes": ["a", WILD],
            "counts": [[2, 1], [0, 2]],
            "misses": [1, 2],
            "false": [5, 0],
        },
        "accuracy_by_sources": {
            "2": {"correct": 4, "total": 8, "accuracy": 0.5, "intervals": {}, "misses": 3}
        },
    }
    scores = Scores({"accuracy": 0.5}, {}, {}, (), details=details, unscored_classes=())
    text = Tags(page(scores, title="Sources", inputs={})).text
    assert "8 questions." in text
    assert "localisation 3 0.375" in text
    assert "2 right answers are wrong with the true direction." in text
    assert "true separation." not in text
    assert "(nothing) 5 · ·" in text
    assert "Not found 3" in text
