"""Publishing: a finished run becomes a row and the data of its page, and nothing else changes."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seldbench.errors import BadFile, BadRun, WriteFailed
from seldbench.report.clips.shown import choose, read_outcome
from seldbench.report.publish import publish


def hum(name):
    time = np.arange(16000) / 16000
    return np.sin(2 * np.pi * 440 * time).astype(np.float32), 16000


def read(path):
    return json.loads(path.read_text())


def test_a_run_becomes_a_score_file_with_provenance_and_a_row(write_run, tmp_path):
    score_file = publish(write_run("a"), tmp_path / "out")
    content = read(score_file)
    assert score_file == tmp_path / "out" / "scores" / "a.json"
    assert content["scores"]["psds1"] == 0.412
    assert content["provenance"]["key"] == "key0"
    assert content["provenance"]["recipe"]["architecture"] == "crnn"
    assert pd.read_csv(tmp_path / "out" / "leaderboard.csv").run.tolist() == ["a"]


def test_a_published_command_names_no_folder_of_the_machine(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out")
    texts = [path.read_text() for path in (tmp_path / "out").rglob("*.json")]
    assert not any("/home/somebody" in text for text in texts)
    assert '"data"' in texts[0] or any('"--data-root"' in text for text in texts)


def test_a_published_recipe_names_no_folder_of_the_machine(write_run, tmp_path):
    run = write_run("a")
    recipe = read(run / "recipe.json")
    weights = "/home/somebody/runs/stages/675c024efe00ec37/weights.safetensors"
    recipe["stages"] = {"sed": {"init": {"": {"path": weights}}, "select": "last"}}
    (run / "recipe.json").write_text(json.dumps(recipe))
    content = read(publish(run, tmp_path / "out"))
    stage = content["provenance"]["recipe"]["stages"]["sed"]
    assert stage["init"][""]["path"] == "675c024efe00ec37/weights.safetensors"
    assert stage["select"] == "last"


def test_curves_hold_every_number_of_the_log_by_epoch(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out")
    stage = read(tmp_path / "out" / "runs" / "a" / "curves.json")["stages"]["sed"]
    assert stage["epoch"] == [1, 2, 3, 4, 5]
    assert stage["series"]["losses clip"][:2] == [0.5, 0.25]
    assert stage["series"]["valid teacher score"][0] == pytest.approx(0.15)


def test_a_stage_whose_log_is_gone_is_published_as_gone(write_run, tmp_path):
    run = write_run("a")
    next((tmp_path / "runs" / "stages").glob("*/log.jsonl")).unlink()
    publish(run, tmp_path / "out")
    assert read(tmp_path / "out" / "runs" / "a" / "curves.json")["stages"] == {"sed": None}


def test_a_torn_log_is_refused_with_its_name(write_run, tmp_path):
    run = write_run("a")
    path = next((tmp_path / "runs" / "stages").glob("*/log.jsonl"))
    path.write_text(path.read_text() + '{"epoch": 6, "lo')
    with pytest.raises(BadRun, match=r"log\.jsonl"):
        publish(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_worst_the_median_and_the_best_clip_are_shown(write_run):
    run = write_run()
    outcome = read_outcome(run / "reference", run / "predictions")
    # a.wav: both events found. b.wav: one of two, nothing invented: 2 / (1 + 2). c.wav: none.
    assert choose(outcome, 3) == [
        ("worst", "c.wav", 0.0),
        ("median", "b.wav", pytest.approx(2 / 3)),
        ("best", "a.wav", 1.0),
    ]


@pytest.mark.parametrize(
    ("shown", "clips"),
    [(0, []), (1, ["b.wav"]), (2, ["c.wav", "a.wav"]), (9, ["c.wav", "b.wav", "a.wav"])],
)
def test_so_many_clips_are_shown_as_were_asked_for_and_have_events(write_run, shown, clips):
    run = write_run()
    outcome = read_outcome(run / "reference", run / "predictions")
    assert [clip for _, clip, _ in choose(outcome, shown)] == clips


def test_a_shown_clip_has_its_events_and_the_confidence_of_their_classes(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out")
    worst = read(tmp_path / "out" / "runs" / "a" / "clips.json")["clips"][0]
    assert worst["truth"] == [[2.0, 4.0, "Dog & $cat$"]]
    assert worst["predicted"] == [[7.0, 7.5, "Speech"]]
    assert set(worst["confidence"]) == {"Dog & $cat$", "Speech"}
    loud = [i for i, score in enumerate(worst["confidence"]["Speech"]) if score > 0.5]
    assert loud == [70, 71, 72, 73, 74]  # of 100 parts of 0.1 s
    assert worst["spectrogram"] is None


def test_with_audio_every_shown_clip_has_a_picture(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out", audio=hum)
    folder = tmp_path / "out" / "runs" / "a"
    names = [clip["spectrogram"] for clip in read(folder / "clips.json")["clips"]]
    assert names == ["clip-1.png", "clip-2.png", "clip-3.png"]
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_psd_roc_curves_end_at_the_rate_of_the_classes_that_were_found(write_run, tmp_path):
    publish(write_run("a"), tmp_path / "out")
    curves = read(tmp_path / "out" / "runs" / "a" / "psd_roc.json")["curves"]
    speech = curves["psds1"]["classes"]["Speech"]
    assert (speech[0][0], speech[-1][0]) == (0.0, 100.0)
    assert curves["psds1"]["psds"] == 0.412


def test_publishing_again_replaces_what_was_there(write_run, tmp_path):
    out = tmp_path / "out"
    publish(write_run("a", psds1=0.2), out, audio=hum)
    publish(write_run("a", psds1=0.3), out, shown=1)
    assert pd.read_csv(out / "leaderboard.csv").psds1.tolist() == [0.3]
    assert sorted(p.name for p in (out / "runs" / "a").iterdir()) == [
        "budget.json",
        "clips.json",
        "curves.json",
        "precision_recall.json",
        "psd_roc.json",
    ]


def test_runs_that_are_published_at_once_all_have_their_row(write_run, tmp_path):
    runs = [write_run(f"r{i}", seed=i) for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda run: publish(run, tmp_path / "out"), runs))
    table = pd.read_csv(tmp_path / "out" / "leaderboard.csv")
    assert sorted(table.run) == [f"r{i}" for i in range(6)]


def test_two_processes_that_publish_at_once_both_have_their_row(write_run, tmp_path):
    code = "import sys; from pathlib import Path; from seldbench.report.publish import publish;"
    code += "publish(Path(sys.argv[1]), Path(sys.argv[2]));"
    code += "assert not {'torch', 'timm'} & set(sys.modules)"
    runs = [write_run(f"r{i}", seed=i) for i in range(2)]
    words = [[sys.executable, "-c", code, str(run), str(tmp_path / "out")] for run in runs]
    started = [subprocess.Popen(command) for command in words]
    assert [process.wait() for process in started] == [0, 0]
    assert sorted(pd.read_csv(tmp_path / "out" / "leaderboard.csv").run) == ["r0", "r1"]


@pytest.mark.parametrize(
    ("name", "old", "new", "error", "rule"),
    [
        ("run.json", '"state": "finished"', '"state": "running"', BadRun, "not finished"),
        ("run.json", '"format": 1', '"format": 9', BadRun, "9"),
        ("run.json", '"id": "a"', '"id": "../a"', BadRun, "no safe file name"),
        ("scores.json", '"run": "a"', '"run": "b"', BadRun, "of the run 'b'"),
        ("scores.json", '"format": 1', '"format": 9', BadFile, "format 9"),
        ("scores.json", '"dataset": "desed"', '"dataset": "../x"', BadRun, "no safe file name"),
        ("scores.json", '"seed": 0, ', "", BadFile, "seed"),
        ("predictions/events.tsv", "event_label", "label", BadFile, "event_label"),
    ],
)
def test_a_run_that_breaks_a_rule_is_refused_and_nothing_is_written(
    write_run, tmp_path, name, old, new, error, rule
):
    run = write_run("a")
    text = (run / name).read_text()
    assert old in text
    (run / name).write_text(text.replace(old, new))
    with pytest.raises(error, match=rule):
        publish(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(BadRun, match="nowhere"):
        publish(tmp_path / "nowhere", tmp_path / "out")


def test_the_folder_of_the_runs_themselves_is_no_reports_folder(write_run, tmp_path):
    run = write_run("a")
    with pytest.raises(BadRun, match="publish into another one"):
        publish(run, tmp_path)
    assert (run / "run.json").exists()


def test_a_full_disk_leaves_the_published_run_as_it_was(write_run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    publish(write_run("a", psds1=0.2), out)
    before = {p: p.read_bytes() for p in out.rglob("*.json")}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailed, match="No space left"):
        publish(write_run("a", psds1=0.3), out)
    assert {p: p.read_bytes() for p in out.rglob("*.json")} == before
    assert not list(out.rglob("*.part"))


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ({"valid": "dcase2021"}, "best 1 less the SELD score of dcase2021 on valid"),
        ({"valid": "loss"}, "lowest loss on valid"),
        ({"a": "psds1", "b": "clip_f1_macro"}, "best psds1 on a + clip_f1_macro on b"),
        ("last", "last"),
    ],
)
def test_what_selected_the_weights_is_put_into_words(write_run, tmp_path, select, words):
    run = write_run("a")
    stage = next((tmp_path / "runs" / "stages").iterdir())
    (stage / "done.json").write_text(json.dumps({"selected": {"epoch": 3, "on": select}}))
    publish(run, tmp_path / "out")
    curves = read(tmp_path / "out" / "runs" / "a" / "curves.json")["stages"]["sed"]
    assert (curves["selected"], curves["selected_on"]) == (3, words)


def test_a_validation_loss_with_its_sign_turned_stays_in_sight():
    from seldbench.report.figures.charts import training

    curves = {"epoch": [1, 2], "series": {"valid student score": [-0.9, -0.5]}, "selected": 2}
    falling = {"epoch": [1, 2], "series": {"valid student score": [0.5, 0.9]}, "selected": 2}
    assert "-0.9" in training({"s": curves})
    assert ">0.0<" in training({"s": falling})
