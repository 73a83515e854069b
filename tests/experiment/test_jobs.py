"""Stages trained side by side, each in a process of its own: order, failures, signals, and the same
weights as one after the other."""

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from seldbench import runs
from seldbench.contracts import Quiet
from seldbench.errors import BadRun, SeldbenchError
from seldbench.experiment import graph, jobs
from seldbench.experiment.answers import Answers
from seldbench.experiment.jobs import train_side_by_side
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.processes import Terminated, ended_by_sigterm
from seldbench.storage import file_digest

CPU = torch.device("cpu")
HEARD = """
[stages.first]
select = "last"
[stages.first.training]
epochs = 1
[stages.sed.init]
"" = { stage = "first" }
[stages.sed.labels]
"train/unlabelled" = { stage = "first", kind = "strong" }
[stages.sed.heads]
frames = { on = ["train/synthetic", "train/unlabelled"] }
clip = { on = ["train/synthetic", "train/unlabelled"] }
"""
REOPEN = """
import sys
sys.path.insert(0, {tests!r})
from conftest import ToyDataset
from seldbench.experiment.preparing import Data

def reopen():
    return Data(ToyDataset(), limit=6)
"""
# Stands for a training, and needs no torch.
FAKE = """
import os, signal, time
from dataclasses import dataclass
from pathlib import Path

@dataclass(frozen=True)
class Task:
    name: str
    folder: Path
    parents: tuple = ()

    @property
    def key(self):
        return self.name

    label = key

def work(task, pipe):
    (task.folder / f"{task.name}.begun").touch()
    if task.name.startswith("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if task.name.startswith("fails"):
        pipe.send(("failed", "BadRun", "its own words"))
        return
    waits = task.name.removeprefix("waits for ")
    while waits != task.name and not (task.folder / f"{waits}.begun").exists():
        time.sleep(0.01)
    pipe.send(("say", os.environ["OMP_NUM_THREADS"]))
    pipe.send(("advance", "epoch 1", 1, 2))
    (task.folder / f"{task.name}.done").touch()
    pipe.send(("done",))
"""


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def advance(self, task, done, total, note=""):
        self.lines.append(f"{task}: {done}/{total}")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that processes can import, too."""

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        return importlib.import_module(name)

    yield write
    for name in ("fake_trainings", "toy_reopen"):
        sys.modules.pop(name, None)


@pytest.fixture
def fake(module, monkeypatch, tmp_path):
    """Runs tasks {name: parents} side by side; what was said, and the names of what was done."""
    made = module("fake_trainings", FAKE)
    monkeypatch.setattr(jobs, "work", made.work)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def run(tasks, heard=None):
        heard, folder = heard or Heard(), tmp_path / "fakes"
        folder.mkdir(exist_ok=True)
        waiting = {name: made.Task(name, folder, parents) for name, parents in tasks.items()}
        try:
            jobs._Trainings(waiting, 2, heard).run()
        finally:
            heard.done = {path.stem for path in folder.glob("*.done")}
        return heard

    return run


def test_independent_stages_run_at_once_and_children_after_their_parents(fake, monkeypatch):
    monkeypatch.setattr(runs, "cores", lambda: 5)
    heard = fake({"waits for y": (), "y": (), "child": ("y", "waits for y")})  # at once, or never
    assert heard.done == {"waits for y", "y", "child"}
    assert {"child: 2", "child: epoch 1: 1/2"} <= set(heard.lines)
    assert heard.lines.index("child: 2") > heard.lines.index("y: 2")


def test_threads_that_the_user_set_stay(fake, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "a: 3" in fake({"a": ()}).lines


class Hears(Heard):
    """Lets a task end that waits for the word of another's failure."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def say(self, line):
        super().say(line)
        if "failed" in line:
            (self.folder / "word.begun").touch()


def test_one_that_fails_says_why_others_end_and_none_begins(fake, tmp_path):
    heard = Hears(tmp_path / "fakes")
    with pytest.raises(BadRun, match=r"^its own words$"):
        fake({"waits for word": (), "fails": (), "next": (), "child": ("fails",)}, heard)
    assert heard.done == {"waits for word"}
    words = "fails failed; waits for word: trained to the end, nothing else begins"
    assert words in heard.lines


def test_one_that_is_killed_is_an_error_in_words(fake):
    with pytest.raises(SeldbenchError, match=r"stage dies .*ended early \(SIGKILL; out of memory"):
        fake({"dies": ()})


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_the_processes(fake, tmp_path, sign):
    begun = tmp_path / "fakes" / "waits for ever.begun"

    def interrupt():
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), sign)

    # A shell's background job is started with Ctrl-C ignored: not so here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises((KeyboardInterrupt, Terminated)), ended_by_sigterm():
            fake({"waits for ever": ()})
    finally:
        signal.signal(signal.SIGINT, before)
    assert not jobs.get_context("spawn").active_children()


@pytest.fixture
def make(toy, toy_text, toy_recipe, tmp_path):
    def of(stages="[stages.sed]", folder="runs", seed=0, **settings):
        text = toy_text.replace("[stages.sed]", stages).replace("epochs = 3", "epochs = 2")
        return Experiment(toy_recipe(text, **settings), Data(toy, limit=6), seed, tmp_path / folder)

    return of


@pytest.fixture
def reopen(module, monkeypatch):
    # One thread count for all: sums in another order differ in the last bit.
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))
    return module("toy_reopen", REOPEN.format(tests=str(Path(__file__).parents[1]))).reopen


def test_side_by_side_gives_the_weights_of_one_after_the_other_and_shares_stages(make, reopen):
    def both(folder):
        return [make(HEARD, folder), make(HEARD, folder, **{"stages.sed.training.lr": 1e-2})]

    heard = Heard()
    train_side_by_side(both("side"), 2, reopen, heard)
    assert heard.lines[0] == "3 stages to be trained, 2 side by side"
    first, *seds = {node.key: node for one in both("side") for node in one.nodes()}.values()
    assert sum(f"first {first.key[:6]}: epoch 1/1" in line for line in heard.lines) == 1
    for node in seds:
        assert any(f"sed {node.key[:6]}: epoch 2/2" in line for line in heard.lines)
    heard = Heard()
    run = both("side")[0].run(CPU, heard)
    assert sum("already trained" in line for line in heard.lines) == 2
    assert len(runs.all_runs(run.path.parent)) == 2  # both were there from the start

    alone = make(HEARD, "alone")
    answers, prepared = Answers(alone.recipe, {}, CPU, Quiet()), alone.prepare()
    for node in alone.nodes():
        graph.execute(node, prepared[node.name], answers, Quiet())
        assert node.key == run.about["stages"][node.name]
        assert file_digest(node.folder.weights) == file_digest(run.stage(node.name).weights)


KILLED = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from seldbench.contracts import Quiet
from seldbench.experiment.jobs import train_side_by_side
from seldbench.experiment.run import Experiment
from seldbench.recipe import resolve
from toy_reopen import reopen

if __name__ == "__main__":
    recipe = resolve(Path({recipe!r}), "toy", None, {{"training.epochs": 400}})
    train_side_by_side([Experiment(recipe, reopen(), 0, Path({runs!r}))], 2, reopen, Quiet())
"""


def test_kill_9_of_the_parent_ends_its_processes_and_what_they_kept_stays(
    make, reopen, toy_recipe, tmp_path
):
    (node,) = make(folder="killed", **{"training.epochs": 400}).nodes()
    script = tmp_path / "killed.py"
    recipe = str(tmp_path / "recipes" / "crnn" / "toy.toml")
    script.write_text(
        KILLED.format(folder=str(tmp_path), recipe=recipe, runs=str(tmp_path / "killed"))
    )
    process = subprocess.Popen([sys.executable, str(script)])
    while not node.folder.log:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    assert node.folder.locked
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60
    while node.folder.locked:
        assert time.monotonic() < deadline, "the process goes on without its parent"
        time.sleep(0.05)
    assert node.folder.state == "begun"
    assert not list(node.folder.path.glob(".*.part"))
    kept = len(node.folder.log)
    time.sleep(0.5)
    assert len(node.folder.log) == kept
