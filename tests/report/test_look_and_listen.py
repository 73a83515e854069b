"""Clips on a run's page: what can be heard, where it goes, and what follows the sound."""

import io
import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from seldbench.errors import BadFile
from seldbench.report.clips.shown_directions import read_directed
from seldbench.report.clips.sky import sky
from seldbench.report.clips.sounds import RATE, ogg
from seldbench.report.figures import doa_errors
from seldbench.report.figures.precision_recall import curve
from seldbench.report.pages.clip_parts import UP
from seldbench.report.pages.rendering import environment
from seldbench.report.pages.run_page import write_run
from seldbench.report.publish import publish
from seldbench.report.results.score_files import published

NASTY = '../"quoted" <img src=x onerror=alert(1)>.wav'


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """PDF files, which have tests of their own, are left empty."""
    monkeypatch.setattr("seldbench.report.figures.files.pdf_of", lambda svg: b"%PDF")


def hum(name):
    time = np.arange(160000) / 16000
    return np.sin(2 * np.pi * 440 * time).astype(np.float32), 16000


def page_of(reports, out=None):
    """The page of the one published run."""
    (result,) = published(reports)
    write_run(environment(), result, reports, out or reports)
    return ((out or reports) / "runs" / result.run / "index.html").read_text()


def clips_of(reports, run="a"):
    return json.loads((reports / "runs" / run / "clips.json").read_text())["clips"]


def test_a_sound_is_small_one_channel_and_the_same_every_time():
    samples, rate = hum("")
    file = ogg(samples, rate)
    heard, played = soundfile.read(io.BytesIO(file))
    assert (played, heard.ndim) == (RATE, 1)
    assert len(heard) / played == pytest.approx(10.0, abs=0.01)
    assert len(file) < 50_000
    assert ogg(samples, rate) == file
    assert np.abs(heard).max() == pytest.approx(0.9, abs=0.1)


def test_signals_that_are_heard_beside_each_other_keep_their_levels():
    loud, rate = hum("")
    quiet = soundfile.read(io.BytesIO(ogg(0.1 * loud, rate, loudest=1.0)))[0]
    assert np.abs(quiet).max() == pytest.approx(0.09, abs=0.02)
    assert np.abs(soundfile.read(io.BytesIO(ogg(0 * loud, rate)))[0]).max() < 0.01


def test_sounds_are_published_only_where_all_of_them_are_built_in(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "real", audio=hum)
    assert [clip["audio"] for clip in clips_of(tmp_path / "real")] == [None] * 3
    assert not list((tmp_path / "real").rglob("*.ogg"))
    assert "<audio" not in page_of(tmp_path / "real")
    publish(write_run("a", dataset="desed-sim"), tmp_path / "sim", audio=hum)
    assert [clip["audio"] for clip in clips_of(tmp_path / "sim")] == [
        f"clip-{i}.ogg" for i in (1, 2, 3)
    ]
    assert page_of(tmp_path / "sim").count("<audio") == 3


def test_a_report_for_oneself_carries_all_sounds_until_it_is_published_again(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out", audio=hum, every_sound=True)
    assert len(list(tmp_path.rglob("*.ogg"))) == 3
    publish(write_run("a"), tmp_path / "out", audio=hum)
    assert not list(tmp_path.rglob("*.ogg"))


def test_sounds_lie_beside_a_page_that_is_rendered_elsewhere(write_run, tmp_path):
    publish(write_run("a", dataset="desed-sim"), tmp_path / "reports", audio=hum)
    page = page_of(tmp_path / "reports", tmp_path / "site")
    addresses = re.findall(r'<audio[^>]* src="([^"]*)"', page)
    assert len(addresses) == 3
    assert all((tmp_path / "site" / "runs" / "a" / name).is_file() for name in addresses)


def test_a_sound_outside_the_run_s_folder_is_refused(write_run, tmp_path):
    publish(write_run("a", dataset="desed-sim"), tmp_path / "out", audio=hum)
    path = tmp_path / "out" / "runs" / "a" / "clips.json"
    path.write_text(path.read_text().replace('"clip-1.ogg"', '"../a/clip-2.ogg"'))
    with pytest.raises(BadFile, match="no picture or sound"):
        page_of(tmp_path / "out")


def test_a_page_without_sounds_promises_none_and_says_why(write_run, tmp_path):
    for name, options, why in (
        ("bare", {}, "published without the audio of its clips"),
        ("recorded", {"audio": hum}, "the clips are recordings"),
    ):
        publish(write_run(name), tmp_path / name, **options)
        page = page_of(tmp_path / name)
        assert "<h2>Look</h2>" in page and "Look and listen" not in page
        assert why in page


def test_a_run_that_an_older_version_published_has_its_page(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out", audio=hum)
    for name in ("budget.json", "precision_recall.json"):
        (tmp_path / "out" / "runs" / "a" / name).unlink()
    path = tmp_path / "out" / "runs" / "a" / "clips.json"
    content = json.loads(path.read_text())
    content["clips"] = [{k: v for k, v in c.items() if k != "audio"} for c in content["clips"]]
    path.write_text(json.dumps(content))
    page = page_of(tmp_path / "out")
    assert "<h2>Look</h2>" in page and "PSD-ROC" in page
    assert "Error budget" not in page and "Precision and recall" not in page


def test_names_of_clips_are_text_and_never_names_of_files(write_run, tmp_path):
    run = write_run("a", dataset="desed-sim")
    for path in [*run.rglob("*.tsv"), run / "predictions" / "scores.npz"]:
        if path.suffix == ".tsv":
            path.write_text(path.read_text().replace("c.wav", NASTY.replace('"', "'")))
    shutil.rmtree(run / "predictions" / "probes", ignore_errors=True)
    (run / "predictions" / "scores.npz").unlink()
    publish(run, tmp_path / "out", audio=hum)
    page = page_of(tmp_path / "out")
    assert "<img" not in page
    assert "../&#39;quoted&#39; &lt;img src=x" in page
    files = {p.relative_to(tmp_path / "out").parts[0] for p in (tmp_path / "out").rglob("*")}
    assert files <= {"scores", "runs", "figures", "leaderboard.csv", ".publish.lock"}


def test_timelines_say_where_a_cursor_goes(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out", audio=hum)
    page = page_of(tmp_path / "out")
    boxes = re.findall(r'class="timed" data-box="([\d. ]+)" data-seconds="([\d.]+)"', page)
    assert [seconds for _, seconds in boxes] == ["10.0"] * 3
    x, _, width, height = map(float, boxes[0][0].split())
    assert (x, width) == (190, 758) and height > 130
    assert f'src="{UP}assets/player.js"' in page


CLIP = {
    "id": "a",
    "onset": 0.0,
    "duration": 2.0,
    "truth": [
        {"label": "dog", "first": 3, "azimuth": [170, 180, -170], "elevation": [0, 0, 0]},
        {"label": "<b>", "first": 0, "azimuth": [0, 0], "elevation": [30, 30]},
    ],
    "predicted": [{"label": "dog", "first": 4, "azimuth": [90], "elevation": [-45]}],
}


def test_the_map_has_the_front_in_the_middle_left_at_the_left_and_breaks_at_the_back():
    drawn = sky(environment(), CLIP, ["<b>", "dog"])
    paths = dict(re.findall(r'data-first="(\d+)" data-places="([^"]*)"', drawn))
    places = {
        first: [tuple(map(float, p.split(","))) for p in of.split()] for first, of in paths.items()
    }
    left, right = places["3"][1][0], places["3"][2][0]
    middle = places["0"][0][0]
    assert left == 78 and right > 700  # 180 is drawn at the left end, -170 near the right one
    assert middle == pytest.approx((78 + 78 + 668) / 2)
    assert places["4"][0] == (pytest.approx(78 + 668 / 4), pytest.approx(12 + 334 * 0.75))
    true = re.search(r'<path d="([^"]*)"[^>]*data-first="3"', drawn)[1]
    assert true.count("M") == 2
    assert "<b>" not in drawn and "&lt;b&gt;" in drawn


def test_precision_and_recall_of_four_items_by_hand():
    # Ranked: true, false, true, false. Recall 1/2 at precision 1, recall 1 at precision 2/3.
    found = curve(np.array([0.9, 0.7, 0.6, 0.1]), np.array([True, False, True, False]))
    assert found["ap"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3, abs=1e-4)
    assert found["points"] == [[0.5, 1.0], [1.0, 0.6667]]
    tied = curve(np.array([0.5, 0.5]), np.array([True, False]))
    assert tied["points"] == [[1.0, 0.5]]


def test_errors_of_directions_are_those_of_the_pairs(write_spatial_run):
    # Predictions are off by 5, 15 and 60 degrees of azimuth, at elevations of up to 30 degrees.
    run = write_spatial_run("a")
    found = doa_errors.content(
        read_directed(run, ("Alarm", "Speech", "Music", "Knock")), "dcase2021"
    )
    rows = (run / "reference" / "directions" / "mix003.csv").read_text().splitlines()
    assert sum(found["counts"]) == found["pairs"]
    assert found["counts"][12] == found["classes"]["Music"]["pairs"] == len(rows)  # 60 to 65
    assert found["classes"]["Alarm"] == {"pairs": 40, "within": 1.0, "median": 4.9}
    assert found["within"] == pytest.approx(1 - len(rows) / found["pairs"], abs=1e-4)


def test_the_error_budget_s_counts_are_all_events(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out")
    budget = json.loads((tmp_path / "out" / "runs" / "a" / "budget.json").read_text())[
        "error_budget"
    ]
    assert sum(budget["reference"].values()) == 5
    assert budget["reference"]["hit"] == 3
    table = (
        page_of(tmp_path / "out"),
        (tmp_path / "out" / "figures" / "a" / "budget.csv").read_text(),
    )
    assert "Error budget" in table[0]
    assert "all classes,true,hit,3" in table[1]
