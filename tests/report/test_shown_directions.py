"""Runs with directions: which clips are shown, what is published of them, and their tracks."""

import json
import re

import numpy as np
import pytest

from seldbench.annotations import FrameOutputs, write_frame_outputs
from seldbench.errors import BadFile, BadRun
from seldbench.events import Event
from seldbench.geometry import unit_vectors
from seldbench.report.clips.shown_directions import (
    busiest,
    choose,
    clip_content,
    read_directed,
    track_of,
)
from seldbench.report.clips.tracks import places, scale_of, stretches, tracks
from seldbench.report.publish import publish

CLASSES = ("<i>Alarm</i>", "Speech", "Music", "Knock")


def read(path):
    return json.loads(path.read_text())


def test_clips_go_from_the_worst_to_the_best_by_their_own_seld_score(write_spatial_run):
    """Predictions are 5, 15 and 60 degrees off; no event sounds in mix004."""
    found = read_directed(write_spatial_run(), CLASSES)
    chosen = choose(found, "dcase2021", 3)
    assert [(role, clip) for role, clip, _ in chosen] == [
        ("worst", "mix003"),
        ("median", "mix002"),
        ("best", "mix001"),
    ]
    assert chosen[0][2]["f20"] == pytest.approx(0.0, abs=1e-9)
    assert chosen[0][2]["le_cd"] == pytest.approx(60, abs=0.5)
    assert chosen[2][2]["f20"] == pytest.approx(1.0)
    assert [clip for _, clip, _ in choose(found, "dcase2021", 1)] == ["mix002"]


def test_a_clip_is_judged_over_all_classes_together_though_the_scorer_takes_means(
    write_spatial_run,
):
    """Of the 13 classes of 2023 a clip has two: their mean would be 2/13 for a perfect clip."""
    run = write_spatial_run(scorers=("dcase2023_fixed",))
    best = choose(read_directed(run, CLASSES), "dcase2023_fixed", 3)[-1]
    assert best[2]["f20"] == pytest.approx(1.0)


def test_a_shown_clip_has_its_true_and_predicted_tracks(write_spatial_run, tmp_path):
    publish(write_spatial_run("a"), tmp_path / "out")
    clips = read(tmp_path / "out" / "runs" / "a" / "clips.json")["clips"]
    median = clips[1]
    assert [t["label"] for t in median["truth"]] == ["Speech", "Speech"]
    first, second = median["truth"]
    assert (first["first"], len(first["azimuth"])) == (10, 50)
    assert set(first["azimuth"]) == {-60}
    assert (second["azimuth"][0], second["elevation"][0]) == (90, 30)
    assert median["predicted"][0]["azimuth"][0] == -45
    assert (median["onset"], median["duration"], median["whole"]) == (0.0, 10.0, 10.0)
    assert median["scores"]["lr_cd"] == pytest.approx(1.0)
    assert "distance" not in first


def test_distances_are_metres_on_both_sides(write_spatial_run):
    """The reference's file has centimetres, the predictions' metres."""
    run = write_spatial_run(scorers=("dcase2024_fixed",), distance=True)
    content = clip_content(read_directed(run, CLASSES), "mix001")
    assert content["truth"][0]["distance"][0] == 2
    assert content["predicted"][0]["distance"][0] == 2


def write_outputs(run, seconds, scores):
    """Frame outputs of mix001 alone, of the first classes; the others are never raised."""
    frames = round(seconds * 10)
    given = np.zeros((frames, len(CLASSES)))
    given[:, : scores.shape[1]] = np.repeat(scores, frames // len(scores), axis=0)
    outputs = FrameOutputs(("mix001",), np.array([0, frames]), given)
    write_frame_outputs(run / "predictions" / "outputs.npz", outputs)


def test_confidence_is_the_highest_score_of_a_class_in_each_part(write_spatial_run):
    run = write_spatial_run(seconds=50.0)
    raised = np.array([[0.1, 0.9, 1.4], [0.6, 0.2, 0.0], [0.3, 0.0, 0.0], [0.2, 0.0, 0.0]])
    write_outputs(run, 50.0, raised)
    found = read_directed(run, CLASSES)
    content = clip_content(found, "mix001", {CLASSES[0]: 0.5, CLASSES[3]: 0.4})
    assert content["part"] == 2  # of 500 frames, 250 parts
    assert set(content["confidence"]) == set(CLASSES[:3])  # the fourth neither occurs nor rises
    # The parts at 125 frames and 375 have frames of two levels.
    expected = [0.1] * 62 + [0.6] * 63 + [0.3] * 62 + [0.2] * 63
    expected[187] = 0.3
    assert content["confidence"][CLASSES[0]] == expected
    assert max(content["confidence"][CLASSES[2]]) == 1.0  # lengths of vectors may be beyond 1
    assert content["thresholds"] == {CLASSES[0]: 0.5}
    assert clip_content(found, "mix002")["confidence"] == {}


def test_confidence_is_drawn_below_the_events_with_its_threshold(write_spatial_run):
    from seldbench.report.pages.rendering import environment

    run = write_spatial_run(seconds=10.0)
    write_outputs(run, 10.0, np.array([[0.25], [0.75]]))
    content = clip_content(read_directed(run, CLASSES), "mix001", {CLASSES[0]: 0.5})
    svg = tracks(environment(), content, None, CLASSES)
    points, *_ = re.findall(r'<polyline points="([^"]*)"', svg)
    across, up = zip(*(map(float, point.split(",")) for point in points.split()))
    assert len(points.split()) == 4
    assert up[0] == up[1] == up[2] + 8 and up[2] == up[3]  # half of the curve's height
    assert across[1] == across[2] == (across[0] + across[3]) / 2
    (threshold,) = re.findall(r'y1="([\d.]+)"[^>]*><title>threshold 0.5</title>', svg)
    assert float(threshold) == up[0] - 4


def test_outputs_of_another_number_of_classes_are_refused(write_spatial_run):
    run = write_spatial_run()
    outputs = FrameOutputs(("mix001",), np.array([0, 1]), np.zeros((1, len(CLASSES) + 1)))
    write_frame_outputs(run / "predictions" / "outputs.npz", outputs)
    with pytest.raises(BadFile, match=r"outputs\.npz: 5 classes, but the run scored 4"):
        read_directed(run, CLASSES)


def test_of_a_long_clip_the_minute_with_most_rows_is_shown():
    frames = np.concatenate([np.arange(0, 100), np.arange(1000, 1600), np.arange(1200, 1400)])
    assert busiest(frames, 300.0) == 100.0
    assert busiest(frames, 42.5) == 0.0
    assert busiest(np.zeros(0, dtype=int), 300.0) == 0.0


def test_tracks_of_a_long_clip_are_cut_to_the_shown_stretch(write_spatial_run):
    run = write_spatial_run(seconds=200.0)
    path = run / "reference" / "directions" / "mix003.csv"
    path.write_text("".join(f"{k},2,0,10,0\n" for k in range(800, 1700)))
    content = clip_content(read_directed(run, CLASSES), "mix003")
    assert (content["onset"], content["duration"], content["whole"]) == (80.0, 60.0, 200.0)
    assert [(t["first"], len(t["azimuth"])) for t in content["truth"]] == [(0, 600)]


def test_the_picture_of_a_long_clip_is_of_the_same_stretch(write_spatial_run, tmp_path):
    run = write_spatial_run("a", seconds=200.0)
    for side in ("reference", "predictions"):
        path = run / side / "directions" / "mix003.csv"
        path.write_text("".join(f"{k},2,0,10,0\n" for k in range(800, 1700)))

    def audio(clip):  # loud in the shown minute alone
        wave = np.zeros(200 * 8000, np.float32)
        wave[80 * 8000 : 140 * 8000] = np.random.default_rng(0).uniform(-1, 1, 60 * 8000)
        return wave, 8000

    publish(run, tmp_path / "out", audio=audio)
    folder = tmp_path / "out" / "runs" / "a"
    clips = read(folder / "clips.json")["clips"]
    (place,) = [i for i, clip in enumerate(clips) if clip["id"] == "mix003"]
    from matplotlib.image import imread

    levels = imread(folder / f"clip-{place + 1}.png")
    assert levels.mean() > 0.5  # of the whole clip it would be black for more than two thirds


def test_a_run_with_directions_has_no_psd_roc(write_spatial_run, tmp_path):
    publish(write_spatial_run("a"), tmp_path / "out")
    assert read(tmp_path / "out" / "runs" / "a" / "psd_roc.json")["curves"] == {}


@pytest.mark.parametrize(
    ("name", "text", "error", "rule"),
    [
        ("reference/directions/mix001.csv", "0,9,0,0,0\n", BadFile, "class 9.*scored 4 classes"),
        ("predictions/directions/mix001.csv", "0,1,0,200\n", BadFile, "4 columns"),
        ("predictions/directions/mix001.csv", "0,1,0,500,0\n", BadFile, "azimuth is 500"),
        ("predictions/directions/other.csv", "0,1,0,0,0\n", BadFile, "other: predictions for"),
    ],
)
def test_files_that_break_a_rule_are_refused_and_nothing_is_written(
    write_spatial_run, tmp_path, name, text, error, rule
):
    run = write_spatial_run("a")
    (run / name).write_text(text)
    with pytest.raises(error, match=rule):
        publish(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_without_a_scorer_of_directions_is_refused(write_spatial_run, tmp_path):
    run = write_spatial_run("a")
    content = read(run / "scores.json") | {"scorers": ["sed"]}
    (run / "scores.json").write_text(json.dumps(content))
    with pytest.raises(BadRun, match="scored by 'sed'"):
        publish(run, tmp_path / "out")


def test_a_task_that_no_page_shows_is_refused(write_run, tmp_path):
    run = write_run("a")
    content = read(run / "scores.json") | {"task": "captioning"}
    (run / "scores.json").write_text(json.dumps(content))
    with pytest.raises(BadRun, match="'captioning' cannot be published yet"):
        publish(run, tmp_path / "out")


def test_a_still_source_has_its_direction_in_every_frame():
    event = Event(1.0, 1.3, "Knock", 0, unit_vectors(-180.0, 0.04), np.array(2.0))
    assert track_of(event, 0.5, 0.1) == {
        "label": "Knock",
        "first": 5,
        "azimuth": [-180] * 3,
        "elevation": [0] * 3,
        "distance": [2] * 3,
    }


def test_what_sounds_at_once_has_places_of_its_own():
    assert places([(0, 4), (1, 2), (2, 3), (4, 5)]) == [0, 1, 1, 0]
    assert places([(5, 6), (0, 9), (1, 2)]) == [1, 0, 1]
    assert places([]) == []


def test_a_track_is_broken_where_it_goes_round_the_back():
    parts = list(stretches([170.0, 175.0, -180.0, -175.0], 180.0))
    assert [part[0] for part in parts] == [(0.0, 170.0), (2.0, -180.0)]
    assert parts[0][-1] == (2.0, 175.0)
    assert list(stretches([30.0] * 9, 180.0)) == [[(0.0, 30.0), (9.0, 30.0)]]
    assert list(stretches([7.0], 180.0)) == [[(0.0, 7.0), (1.0, 7.0)]]


def test_panels_hold_all_values():
    assert scale_of("azimuth", [3.0])[:2] == (-180, 180)
    assert [scale_of("elevation", [v])[1] for v in (0, -29, 30, 61, -90)] == [30, 30, 60, 90, 90]
    assert [scale_of("distance", [v])[1] for v in (0, 0.5, 1, 7, 250)] == [1, 1, 2, 8, 250]


def test_equal_classes_have_one_colour_and_different_ones_have_not(write_spatial_run):
    from seldbench.report.pages.rendering import environment

    found = read_directed(write_spatial_run(), CLASSES)
    svg = tracks(environment(), clip_content(found, "mix001"), None, CLASSES)
    assert "var(--c0)" in svg and "var(--c1)" in svg and "var(--c2)" not in svg
    assert "true Speech" in svg and "predicted Speech" in svg
    assert "<i>" not in svg and "&lt;i&gt;Alarm" in svg
    # The moving source crosses the back: two lines in its band.
    (azimuth, _) = re.findall(r'<path d="([^"]*)" stroke="[^"]*"><title>true Speech: 2\.0', svg)
    assert azimuth.count("M") == 2


def test_a_clip_of_silence_has_tracks_that_say_so(write_spatial_run):
    from seldbench.report.pages.rendering import environment

    found = read_directed(write_spatial_run(), CLASSES)
    svg = tracks(environment(), clip_content(found, "mix004"), None, CLASSES)
    assert "no event, neither true nor predicted" in svg
