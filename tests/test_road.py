"""The whole road on the command line: simulate, check, plan, run, compare, publish, predict."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """Runs a command in one folder that all tests share, with a tiny simulated set in it."""
    folder = tmp_path_factory.mktemp("road")

    def seldbench(*arguments):
        own = {"SELDBENCH_DATA", "COLUMNS"}
        environment = {k: v for k, v in os.environ.items() if k not in own}
        return subprocess.run(
            [sys.executable, "-m", "seldbench", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
        )

    done = seldbench("data", "simulate", "desed-sim", "--scale", "tiny")
    assert done.returncode == 0, done.stderr
    seldbench.folder = folder
    return seldbench


RUN = ("run", "--arch", "crnn", "--dataset", "desed-sim", "--variant", "demo")
QUICK = ("--set", "training.epochs=2", "--set", "training.steps=3", "--seed", "0,1")


@pytest.fixture(scope="module")
def runs(road):
    """Two seeds, run; the folders that the command prints."""
    done = road(*RUN, *QUICK)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("runs/")]


def test_the_simulated_set_passes_its_check(road):
    done = road("data", "check", "desed-sim", "--json")
    assert done.returncode == 0, done.stdout
    test = next(s for s in json.loads(done.stdout)["splits"] if s["split"] == "test")
    assert test["found"] == test["expected"] == 24


def test_a_dry_run_prints_recipe_and_plan_and_trains_nothing(road):
    done = road(*RUN, "--dry-run", "--set", "training.epochs=7")
    assert done.returncode == 0, done.stderr
    assert '"epochs": 7' in done.stdout
    assert "to do;" in done.stdout
    assert not list(road.folder.glob("runs/*-s7*"))
    assert "nothing was trained" in done.stdout


def test_a_run_says_that_its_data_is_simulated_and_ends_with_its_folder(road, runs):
    assert len(runs) == 2
    again = road(*RUN, *QUICK)
    assert "already finished" in again.stderr
    assert "on simulated data: simulated scenes" in again.stdout
    assert again.stdout.splitlines()[-1] == runs[1]


def test_seeds_are_compared_as_mean_and_spread_with_the_mark(road, runs):
    done = road("compare", "--markdown")
    assert done.returncode == 0, done.stderr
    assert "simulated" in done.stdout
    assert "±" in done.stdout
    done = road("compare", "--table", "ast_sed/1", "--markdown")
    assert "50.50" in done.stdout or "0.505" in done.stdout


def test_a_file_has_a_system_on_one_line(road, runs):
    (line,) = (text for text in road("compare").stdout.splitlines() if "crnn" in text)
    assert "simulated" in line
    assert line.count("±") > 2


def test_publishing_makes_a_page_and_a_leaderboard_with_marks(road, runs):
    for run in runs:
        done = road("publish", run, "--out", "shown")
        assert done.returncode == 0, done.stderr
    page = road.folder / done.stdout.splitlines()[-1]
    assert page.name == "index.html"
    assert "simulated" in page.read_text()
    with open(road.folder / "shown" / "leaderboard.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert all("simulated" in row["data"] for row in rows)


def test_a_run_listens_to_a_recording(road, runs):
    sounds = sorted((road.folder / "data/desed-sim").rglob("validation_16k/*.wav"))
    done = road("predict", runs[0], sounds[0], "--out", "heard")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3
    assert all((road.folder / path).exists() for path in done.stdout.split())


def test_a_changed_file_of_the_set_is_noticed(road, runs):
    wav = next((road.folder / "data/desed-sim").rglob("validation_16k/*.wav"))
    content = wav.read_bytes()
    wav.write_bytes(content + b"\0\0")
    try:
        done = road(*RUN, "--dry-run")
        assert done.returncode == 1
        assert "files were changed" in done.stderr
    finally:
        wav.write_bytes(content)


def interrupted(folder, command, sign):
    """Starts a command, sends Ctrl-C to its whole group once `sign` exists: (exit code, errors)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seldbench", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
        # Tests that run in the background of a shell have Ctrl-C ignored, and pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not list(folder.glob(sign)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.mark.parametrize(
    "command, sign",
    [
        ((*RUN, "--seed", "5"), "runs/stages/*/resume.safetensors"),
        (
            ("data", "simulate", "desed-sim", "--scale", "tiny", "--data-root", "other"),
            "other/.desed-sim.part/**/*.wav",
        ),
    ],
)
def test_ctrl_c_ends_in_words_and_the_same_command_goes_on(road, command, sign):
    code, errors = interrupted(road.folder, command, sign)
    assert code == 130
    assert "interrupted; start the same command again and it goes on" in errors
    assert "Traceback" not in errors
    assert not (road.folder / "other" / "desed-sim").exists()
    assert list(road.folder.glob(sign))
