"""The command line as its users meet it: exit codes, words instead of tracebacks, JSON."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['seldbench', '--help']\n"
        "from seldbench.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'numpy', 'scipy', 'pydantic', 'timm'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("run", "predict", "compare", "publish", "report", "list", "data", "score"):
        assert re.search(rf"^\W*{command}\b", done.stdout, re.MULTILINE)


def test_wrong_usage_ends_in_words_and_2(seldbench):
    code, _, err = seldbench("run", "--arch")
    assert code == 2
    assert "requires an argument" in err
    code, _, err = seldbench("run", "--arch", "crnn", "--dataset", "desed", "--seed", "a")
    assert code == 2
    assert "whole numbers" in err
    code, _, err = seldbench("run", "--arch", "crnn", "--dataset", "desed", "--seed=0,-1")
    assert code == 2
    assert "whole numbers from 0" in err
    code, _, err = seldbench("run", "--arch", "crnn", "--dataset", "desed", f"--seed={2**64}")
    assert code == 2
    assert f"to {2**32 - 1}" in err
    code, _, err = seldbench("run", "--arch", "crnn", "--dataset", "desed", "--seed=6,1,6")
    assert code == 2
    assert "6 is named twice" in err
    code, _, err = seldbench("run", "--arch", "crnn", "--dataset", "desed", "--variant=a,b,a")
    assert code == 2
    assert "--variant: a is named twice" in err
    code, _, err = seldbench("data", "simulate", "mix75-sim", "--seed=-1")
    assert code == 2
    assert "'--seed'" in err
    code, _, err = seldbench("data", "fetch", "tnsse2021", "--parts", ",")
    assert code == 2
    assert "expected some, such as foa,metadata" in err


@pytest.mark.parametrize("sign, expected", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_ended_says_that_it_goes_on(seldbench, monkeypatch, sign, expected):
    # A shell's background job is started with Ctrl-C ignored: not so here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("seldbench.listing.lines", lambda kind: os.kill(os.getpid(), sign))
    try:
        code, _, err = seldbench("list", "datasets")
    finally:
        signal.signal(signal.SIGINT, before)
    assert code == expected
    assert "interrupted; start the same command again and it goes on" in err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_without_the_data_a_run_says_where_it_looked_and_how_to_get_it(seldbench, tmp_path, dry):
    code, _, err = seldbench(
        "run", "--arch", "crnn", "--dataset", "desed", "--data-root", tmp_path, *dry
    )
    assert code == 1
    assert str(tmp_path) in err
    for part in ("4639776", "6026841", "4560759", "seldbench data simulate desed-sim"):
        assert part in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            ["--arch", "crn", "--dataset", "desed"],
            "no architecture named 'crn' (near: crnn, bicrnn, sk_crnn)",
        ),
        (["--arch", "crnn", "--dataset", "dezed"], "no data set named 'dezed' (near: desed"),
        (
            ["--arch", "crnn", "--dataset", "desed", "--variant", "wid"],
            "no variant 'wid' (near: wide)",
        ),
        (
            ["--arch", "crnn", "--dataset", "desed", "--set", "training.epoch=3"],
            "unknown key 'stages.sed.training.epoch' (near: epochs",
        ),
        (["--arch", "crnn", "--dataset", "desed", "--set", "epochs"], "expected key=value"),
    ],
)
def test_unknown_names_come_with_the_nearest(seldbench, arguments, words):
    code, _, err = seldbench("run", *arguments)
    assert code == 1
    assert words in err


def test_the_real_baselines_events_score_as_the_official_scorer_says(seldbench):
    student = GOLDEN / "desed_student"
    code, out, _ = seldbench(
        "score",
        "sed",
        "--json",
        "--reference",
        student / "ground_truth.tsv",
        "--durations",
        student / "durations.tsv",
        "--predictions",
        student / "predictions_0.5.tsv",
    )
    assert code == 0
    found = json.loads(out)
    assert found["scores"]["event_f1_macro"] == pytest.approx(0.39872816179382786, abs=1e-9)
    assert found["scores"]["event_f1_micro"] == pytest.approx(0.40950106157112526, abs=1e-9)
    assert found["scores"]["psds1"] is None
    assert found["classes"]["Speech"]["event_f1"] == pytest.approx(0.5017667844522968, abs=1e-9)
    low, high = found["intervals"]["event_f1_macro"]["bootstrap"]
    assert low < found["scores"]["event_f1_macro"] < high


def test_frame_scores_give_exact_psds_on_the_command_line(seldbench):
    frames = GOLDEN / "frame_scores"
    code, out, _ = seldbench(
        "score",
        "sed",
        "--reference",
        frames / "ground_truth.tsv",
        "--durations",
        frames / "durations.tsv",
        "--predictions",
        frames / "scores.npz",
    )
    assert code == 0
    assert re.search(r"^psds1 +0\.31", out, re.MULTILINE)
    assert "bootstrap" in out


def test_a_bad_table_is_named_with_its_line(seldbench, tmp_path):
    student = GOLDEN / "desed_student"
    bad = tmp_path / "bad.tsv"
    bad.write_text("filename\tonset\toffset\tevent_label\na.wav\t2.0\t1.0\tDog\n")
    code, _, err = seldbench(
        "score",
        "sed",
        "--reference",
        student / "ground_truth.tsv",
        "--durations",
        student / "durations.tsv",
        "--predictions",
        bad,
    )
    assert code == 1
    assert "bad.tsv:2" in err


def test_comparing_nothing_says_what_to_do(seldbench):
    code, _, err = seldbench("compare")
    assert code == 1
    assert "nothing to compare" in err


def test_a_folder_that_cannot_be_written_ends_in_words(seldbench, tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    code, _, err = seldbench("data", "simulate", "desed-sim", "--scale", "tiny")
    assert code == 1
    assert "data" in err
    assert "Traceback" not in err


def test_an_unknown_run_is_named(seldbench):
    code, _, err = seldbench("publish", "no-such-run")
    assert code == 1
    assert "no run 'no-such-run'" in err


WITHOUT_TORCH = (
    "import sys\n"
    "for name in ('torch', 'timm', 'safetensors'): sys.modules[name] = None\n"
    "sys.argv = ['seldbench', *{arguments!r}]\n"
    "from seldbench.__main__ import main\n"
    "main()"
)


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["run", "--arch", "crnn", "--dataset", "desed"], 1, "pip install 'seldbench[train]'"),
        (["predict", "run", "a.wav"], 1, "pip install 'seldbench[train]'"),
        (["list", "architectures"], 0, "crnn"),
        (["compare"], 1, "nothing to compare"),
        (["data", "check", "desed"], 1, "4639776"),
        (["score", "sed", "--help"], 0, "--predictions"),
    ],
)
def test_without_torch_only_training_and_listening_ask_for_it(tmp_path, arguments, code, words):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH.format(arguments=arguments)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
