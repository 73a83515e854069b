"""What was trained from another source, or from other parents, is trained anew where that is asked
for; the old weights stay until the new ones stand."""

import threading
import time

import pytest
import torch

from seldbench import runs
from seldbench.contracts import Quiet
from seldbench.errors import BadRun
from seldbench.experiment import graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.storage import file_digest, locked, read_json, write_json
from seldbench.training import checkpoint, loop

CPU = torch.device("cpu")
CHAIN = '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def __contains__(self, words):
        return any(words in line for line in self.lines)


@pytest.fixture
def make(toy, toy_text, toy_recipe, tmp_path):
    def of(retrain=False, epochs=1, **settings):
        text = toy_text.replace("[stages.sed]", CHAIN).replace("epochs = 3", f"epochs = {epochs}")
        recipe = toy_recipe(text, **settings)
        return Experiment(recipe, Data(toy, limit=6), 0, tmp_path / "runs", retrain=retrain)

    return of


def train(experiment, progress=None):
    """All stages, without predictions and scores: {stage: its folder}."""
    answers = Answers(experiment.recipe, {}, CPU, progress or Quiet())
    prepared = experiment.prepare()
    for node in experiment.nodes():
        graph.execute(
            node, prepared[node.name], answers, progress or Quiet(), retrain=experiment.retrain
        )
    return {node.name: node.folder for node in experiment.nodes()}


@pytest.fixture
def source(monkeypatch):
    """Says what the source is from now on."""

    def of(digest):
        monkeypatch.setattr(runs, "source_digest", lambda: digest)

    of("old")
    return of


def test_a_score_record_says_where_every_stage_comes_from(make, source):
    run = make().run(CPU, Quiet())
    said = run.scores["trainings"]
    first, sed = run.stage("first"), run.stage("sed")
    assert said["sed"]["weights"] == file_digest(sed.weights)
    expected = {"key": first.path.name, "weights": file_digest(first.weights)}
    assert said["sed"]["parents"] == {"first": expected}
    assert said["first"]["parents"] == {}
    assert (said["sed"]["source"], said["sed"]["device"], said["sed"]["seed"]) == ("old", "cpu", 0)
    assert said["sed"]["data"] == {
        "name": "toy",
        "fingerprint": "toy-1",
        "fold": None,
        "limit": 6,
    }


def test_without_retrain_a_changed_source_is_said_and_nothing_is_trained(make, source):
    train(make())
    source("new")
    heard = Heard()
    stages = train(make(), heard)
    assert "already trained" in heard
    assert "the source changed since; --retrain trains it anew" in heard
    assert {stage.source for stage in stages.values()} == {"old"}


def test_retrain_trains_anew_what_the_source_changed_for_and_the_run_is_made_anew(make, source):
    before = make().run(CPU, Quiet())
    assert make(retrain=True).run(CPU, Quiet()).path == before.path  # the source is the same
    source("new")
    heard = Heard()
    after = make(retrain=True).run(CPU, heard)
    assert after.path != before.path
    assert "trained anew, for the source changed since" in heard
    assert {after.stage(name).source for name in ("first", "sed")} == {"new"}
    assert before.scores["trainings"]["sed"]["source"] == "old"
    # From now on that run is the finished one.
    heard = Heard()
    assert make(retrain=True).run(CPU, heard).path == after.path
    assert make().run(CPU, heard).path == after.path
    assert heard.lines.count("already finished") == 2
    assert not after.stage("sed").aside.path.exists()


def other_weights(folder):
    """A parent trained anew, with other weights, as its record says."""
    tensors, header = checkpoint.load(folder.weights)
    checkpoint.save(folder.weights, {n: t + 1 for n, t in tensors.items()}, header)
    done = folder.done | {"weights": file_digest(folder.weights)}
    write_json(folder.path / "done.json", done)


def test_a_stage_follows_a_parent_that_was_trained_anew(make, source):
    settings = {"stages.sed.training.epochs": 0, "stages.sed.select": "last"}
    other_weights(train(make(**settings))["first"])
    heard = Heard()
    stages = train(make(retrain=True, **settings), heard)
    assert "trained anew, for first trained anew since" in heard
    first, sed = (checkpoint.load(stages[name].weights)[0] for name in ("first", "sed"))
    assert all(torch.equal(first[name], sed[name]) for name in first)
    assert stages["sed"].done["parents"]["first"]["weights"] == file_digest(stages["first"].weights)


class Killed(BaseException):
    pass


@pytest.fixture
def killed_after(monkeypatch):
    """Ends the process, as it were, when so many epochs are kept."""

    def of(epochs):
        kept, keep = [], loop._keep

        def keeps(*arguments):
            keep(*arguments)
            kept.append(1)
            if len(kept) == epochs:
                monkeypatch.setattr(loop, "_keep", keep)
                raise Killed

        monkeypatch.setattr(loop, "_keep", keeps)

    return of


def test_while_a_stage_is_trained_anew_its_old_weights_stay_and_it_goes_on(
    make, source, killed_after
):
    stages = train(make(epochs=2))
    old = {name: file_digest(stage.weights) for name, stage in stages.items()}
    source("new")
    killed_after(3)  # `first` is finished, `sed` has one epoch more to go
    with pytest.raises(Killed):
        train(make(epochs=2, retrain=True))
    assert {name: stage.source for name, stage in stages.items()} == {"first": "new", "sed": "old"}
    assert file_digest(stages["sed"].weights) == old["sed"]
    assert len(stages["sed"].aside.log) == 1

    heard = Heard()
    train(make(epochs=2, retrain=True), heard)
    assert sum("resuming after epoch 1 of 2" in line for line in heard.lines) == 1
    assert "epoch 1/2" not in heard
    assert stages["sed"].source == "new"
    # The source's change changed no number: the same weights, bit for bit.
    assert {name: file_digest(stage.weights) for name, stage in stages.items()} == old


def test_a_swap_that_was_broken_off_is_finished(make, source):
    stage = train(make())["sed"]
    for path in list(stage.path.iterdir()):
        if path.is_file() and path.name != runs.LOCK:
            (stage.aside.path / path.name).parent.mkdir(exist_ok=True)
            (stage.aside.path / path.name).write_bytes(path.read_bytes())
    write_json(stage.aside.path / "done.json", stage.done | {"source": "newer"})
    (stage.aside.path / "weights.safetensors").replace(stage.weights)  # what came first
    graph.settle(stage)
    assert stage.done["source"] == "newer"
    assert not stage.aside.path.exists()


def test_a_training_goes_on_only_from_the_parents_that_it_began_with(make, source, killed_after):
    killed_after(3)
    with pytest.raises(Killed):
        train(make(epochs=2))
    other_weights(make(epochs=2).nodes()[0].folder)
    heard = Heard()
    train(make(epochs=2), heard)
    assert "begins anew, for a stage that it starts from was trained anew since" in heard
    assert "resuming" not in heard


def test_a_training_that_went_through_two_sources_says_both(make, source, killed_after):
    killed_after(1)
    with pytest.raises(Killed):
        train(make(epochs=2))
    source("new")
    stages = train(make(epochs=2))
    assert stages["first"].done["source"] == "old+new"
    assert stages["sed"].done["source"] == "new"


def test_killed_between_its_last_epoch_and_its_end_nothing_is_trained_again(
    make, source, monkeypatch
):
    done = graph.write_json

    def full(path, content):
        if path.name == "done.json":
            raise Killed
        done(path, content)

    monkeypatch.setattr(graph, "write_json", full)
    with pytest.raises(Killed):
        train(make())
    monkeypatch.setattr(graph, "write_json", done)
    heard = Heard()
    stages = train(make(), heard)
    assert sum("resuming after epoch 1 of 1" in line for line in heard.lines) == 1
    left = {path.name for path in stages["first"].path.iterdir()}
    assert not {name for name in left if name.startswith(("resume", "best"))}


def test_who_wants_a_stage_that_another_trains_waits_and_trains_nothing(make, source):
    first = train(make())["first"]
    done = read_json(first.path / "done.json")
    (first.path / "done.json").unlink()
    heard = Heard()
    with locked(first.path / runs.LOCK):
        other = threading.Thread(target=train, args=(make(), heard), daemon=True)
        other.start()
        while "another process trains it; waiting" not in heard:
            assert other.is_alive()
            time.sleep(0.01)
        assert first.locked
        write_json(first.path / "done.json", done)
    other.join()
    assert "already trained" in heard
    assert "epochs of" not in heard


def test_a_parent_that_changes_under_a_training_is_noticed(make, source, monkeypatch):
    experiment = make()
    fit = graph.fit

    def meanwhile(job):
        state = fit(job)
        node = experiment.nodes()[0]
        if job.folder.name != node.key:
            other_weights(node.folder)
        return state

    monkeypatch.setattr(graph, "fit", meanwhile)
    with pytest.raises(BadRun, match="trained anew by another process meanwhile; start"):
        train(experiment)
