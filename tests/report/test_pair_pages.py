"""Two systems on one clip set: what parts them, and the page that says so."""

import json
import re
import shutil
from functools import partial

import numpy as np
import pytest

from seldbench.errors import BadRun
from seldbench.report.clips.pair_clips import ClipScores, apart
from seldbench.report.pages.pair_page import pairs_of, write_pair
from seldbench.report.pages.rendering import environment, render
from seldbench.report.pair import publish_pair
from seldbench.report.publish import publish
from seldbench.report.tables.paired import Pairing

FEW = Pairing(replicates=60)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """PDF files, which have tests of their own, are left empty."""
    monkeypatch.setattr("seldbench.report.figures.files.pdf_of", lambda svg: b"%PDF")


def hum(name):
    time = np.arange(160000) / 16000
    return np.sin(2 * np.pi * 440 * time).astype(np.float32), 16000


@pytest.fixture
def pair(tmp_path):
    """pair(first, second, ...) -> (what is published of the two, their page)."""

    def make(first, second, **options):
        out = tmp_path / "out"
        folder = publish_pair([first], [second], out, pairing=FEW, **options)
        write_pair(environment(), folder.name, out, out)
        content = json.loads((folder / "pair.json").read_text())
        return content, (folder / "index.html").read_text()

    return make


def silent(run):
    """The run with no event found at all."""
    path = run / "predictions" / "events.tsv"
    lines = path.read_text().splitlines()
    clips = dict.fromkeys(line.split("\t")[0] for line in lines[1:])
    path.write_text("\n".join([lines[0], *(f"{clip}\t\t\t" for clip in clips)]) + "\n")
    (run / "predictions" / "scores.npz").unlink()
    return run


def test_differences_stand_with_intervals_by_score_and_by_class(write_run, pair):
    content, page = pair(write_run("a"), silent(write_run("b", variant="mute")))
    (score,) = [of for of in content["scores"] if of["score"] == "event_f1_macro"]
    assert score["values"][1] == 0.0
    assert score["difference"] == score["values"][0] > 0
    low, high = score["interval"]
    assert low <= score["difference"] <= high
    rows = {of["class"]: of for of in content["by_class"]["classes"]}
    # Speech: both events found and one invented. F1 = 2 * 2 / (2 * 2 + 1).
    assert rows["Speech"]["difference"] == pytest.approx(0.8)
    assert "Event F1, macro" in page and "crnn mute" in page
    assert not rows["Speech"]["resolved"]  # four clips are too few


def test_the_clips_that_differ_most_are_shown_for_both_sides():
    first = ClipScores("event_f1", {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.9, "e": 0.3}, {}, dict)
    second = ClipScores("event_f1", {"a": 0.0, "b": 0.5, "c": 0.8, "d": 0.2, "f": 0.3}, {}, dict)
    events = dict.fromkeys("abcdef", 1)
    with_events = (ClipScores(of.score, of.values, events, dict) for of in (first, second))
    found = apart(*with_events, each=1)
    assert found == [("a", 1.0), ("c", -0.8)]


def test_of_clips_that_differ_equally_that_with_most_to_find_is_shown():
    events = {"a": 1, "b": 3, "c": 3}
    first = ClipScores("event_f1", dict.fromkeys("abc", 1.0), events, dict)
    second = ClipScores("event_f1", dict.fromkeys("abc", 0.0), events, dict)
    assert [clip for clip, _ in apart(first, second)] == ["b", "c"]


def test_a_shown_clip_has_one_spectrogram_both_timelines_and_a_sound(write_run, pair, tmp_path):
    first = write_run("a", dataset="desed-sim")
    second = silent(write_run("b", variant="mute", dataset="desed-sim"))
    content, page = pair(first, second, audio=hum)
    names = [clip["id"] for clip in content["shown"]["clips"]]
    assert names == ["a.wav", "b.wav"]
    assert page.count("data:image/png;base64,") == 2
    assert page.count('class="timed"') == 4
    assert page.count("<audio") == 2
    assert "Simulated data." in page
    figures = tmp_path / "out" / "figures" / "a--b"
    for name in ("classes", "clips", "clip-1-first", "clip-1-second"):
        assert all((figures / f"{name}.{kind}").is_file() for kind in ("svg", "pdf", "csv"))


def test_two_systems_that_say_the_same_differ_nowhere(write_run, pair, tmp_path):
    content, page = pair(write_run("a"), write_run("b", variant="twin"))
    assert content["shown"]["clips"] == []
    assert "Both are equal in each of 3 clips" in page
    assert "not resolved" in page and " better</strong>" not in page
    assert not (tmp_path / "out" / "figures" / "a--b" / "clips.svg").exists()


def test_sounds_of_recordings_stay_out_unless_they_are_asked_for(write_run, pair):
    runs = (write_run("a"), silent(write_run("b", variant="mute")))
    assert "<audio" not in pair(*runs, audio=hum)[1]
    assert "<audio" in pair(*runs, audio=hum, every_sound=True)[1]


def test_a_pair_s_page_is_rendered_again_from_the_reports_alone(write_run, pair, tmp_path):
    _, page = pair(write_run("a"), silent(write_run("b", variant="mute")), audio=hum)
    copy, out = tmp_path / "copy", tmp_path / "site"
    shutil.copytree(tmp_path / "out" / "pairs", copy / "pairs")
    shutil.rmtree(tmp_path / "runs")
    assert [(of.name, of.runs) for of in pairs_of(copy)] == [("a--b", ("a", "b"))]
    write_pair(environment(), "a--b", copy, out)
    assert (out / "pairs" / "a--b" / "index.html").read_text() == page


def test_the_index_and_the_pages_of_both_runs_lead_to_the_pair(write_run, tmp_path):
    out = tmp_path / "out"
    runs = write_run("a"), silent(write_run("b", variant="mute"))
    for run in runs:
        publish(run, out, shown=0)
    render(out)
    publish_pair([runs[0]], [runs[1]], out, pairing=FEW)
    index = render(out).read_text()
    assert 'href="pairs/a--b/index.html">crnn wide and crnn mute on desed</a>' in index
    for run in "ab":
        page = (out / "runs" / run / "index.html").read_text()
        assert 'href="../../pairs/a--b/index.html"' in page
    assert 'href="../../runs/b/index.html"' in (out / "pairs" / "a--b" / "index.html").read_text()


def test_names_of_classes_and_labels_are_shown_and_never_run(write_run, pair):
    _, page = pair(write_run("a"), silent(write_run("b", variant="mute")))
    tags = re.findall(r"<(script|b|i)\b", page)
    assert tags == ["script", "script"]  # the page's own two
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "CRNN &lt;b&gt;bold&lt;/b&gt;" in page


def test_directions_pair_by_the_scores_of_clips(write_spatial_run, pair):
    content, page = pair(write_spatial_run("a"), write_spatial_run("b", variant="mic", off=30))
    assert content["shown"]["score"] == "seld_score"
    ahead = {clip["id"]: clip["difference"] for clip in content["shown"]["clips"]}
    assert set(ahead) <= {"mix001", "mix002", "mix003"} and max(ahead.values()) > 0
    assert {of["class"] for of in content["by_class"]["classes"]} >= {"Speech", "Music"}
    assert "&lt;i&gt;Alarm&lt;/i&gt;" in page and "<i>" not in page


def test_taggers_pair_by_the_clips_that_one_of_them_alone_has_right(write_tagging_run, pair):
    content, page = pair(write_tagging_run("a", wrong=100), write_tagging_run("b", variant="x"))
    alone = content["shown"]["alone"]
    # Of 30 clips the second has every sixth wrong, the first only clip 0, as the second.
    assert sorted(of["clip"] for of in alone["first"]) == [
        f"clip-{i}.wav" for i in sorted((6, 12, 18, 24), key=str)
    ]
    assert alone["second"] == []
    assert "Right in ast ast_<wbr>s alone" in page and "&lt;b&gt;dog&lt;/b&gt;" in page


def test_a_run_on_both_sides_is_refused(write_run, tmp_path):
    run = write_run("a")
    with pytest.raises(BadRun, match="on both sides"):
        publish_pair([run], [run], tmp_path)


def test_runs_that_do_not_compare_are_refused_or_marked(write_run, pair):
    runs = partial(write_run, "a")(), write_run("b", variant="part", partial=True)
    with pytest.raises(BadRun, match="partial"):
        pair(*runs)


def test_a_pair_that_is_compared_anyway_is_marked(write_run, tmp_path):
    runs = write_run("a"), write_run("b", variant="part", partial=True)
    pairing = Pairing(anyway=True, replicates=60)
    folder = publish_pair([runs[0]], [runs[1]], tmp_path, pairing=pairing)
    write_pair(environment(), folder.name, tmp_path, tmp_path)
    page = (folder / "index.html").read_text()
    assert "Not a fair comparison." in page
    assert json.loads((folder / "pair.json").read_text())["marks"] == ["partial"]
