"""The store of trained stages: listed, shown, and cleared of what nobody needs."""

import json
import shutil

import pytest
import torch

from seldbench import runs
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, UnknownName
from seldbench.experiment import graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.clearing import collect, garbage
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.experiment.store import find, stored
from seldbench.runs import start_run
from seldbench.storage import locked, read_json, write_json

CPU = torch.device("cpu")
CHAIN = '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'


@pytest.fixture(scope="module")
def finished(toy, toy_text, tmp_path_factory):
    """A folder of runs with one run of two stages, trained once for all tests."""
    from seldbench.recipe import resolve

    folder = tmp_path_factory.mktemp("store")
    path = folder / "recipes" / "crnn" / "toy.toml"
    path.parent.mkdir(parents=True)
    path.write_text(toy_text.replace("[stages.sed]", CHAIN).replace("epochs = 3", "epochs = 2"))
    experiment = Experiment(resolve(path, "toy"), Data(toy, limit=6), 3, folder / "runs")
    start_run(experiment.folder, experiment.about())
    answers = Answers(experiment.recipe, {}, CPU, Quiet())
    prepared = experiment.prepare()
    for node in experiment.nodes():
        graph.execute(node, prepared[node.name], answers, Quiet())
    return experiment


@pytest.fixture
def store(finished, tmp_path):
    """A copy of it: (its folder, {stage: its folder's name})."""
    shutil.copytree(finished.folder, tmp_path / "runs")
    return tmp_path / "runs", finished.stages


def begun(folder):
    """A stage as it lies after its first epoch."""
    (folder / "done.json").unlink()
    (folder / "weights.safetensors").rename(folder / "resume.safetensors")
    log = folder / "log.jsonl"
    log.write_text(log.read_text().splitlines()[0] + "\n")


def anonymous(folder):
    """A stage as older versions recorded it."""
    write_json(folder / "stage.json", read_json(folder / "stage.json")["stage"])
    known = read_json(folder / "done.json")
    new = ("key", "name", "parents", "source", "data", "begun", "weights", "device", "finished")
    write_json(folder / "done.json", {k: v for k, v in known.items() if k not in new})


def test_a_stage_is_listed_with_what_it_is_how_it_stands_and_who_uses_it(store):
    folder, keys = store
    row = stored(folder)[keys["sed"]].row()
    assert (row["stage"], row["architecture"], row["dataset"]) == ("sed", "crnn", "toy")
    assert (row["seed"], row["fold"], row["state"], row["changed"]) == (3, None, "done", "")
    assert (
        row["score"]
        == read_json(folder / "stages" / keys["sed"] / "done.json")["selected"]["score"]
    )
    assert row["bytes"] > (folder / "stages" / keys["sed"] / "weights.safetensors").stat().st_size
    assert [run.path.name for run in runs.all_runs(folder)] == row["runs"]
    assert row["source"] == runs.source_digest()


def test_a_stage_says_how_far_it_is_and_whether_somebody_trains_it_now(store):
    folder, keys = store
    stage = folder / "stages" / keys["sed"]
    begun(stage)
    assert stored(folder)[keys["sed"]].state == "begun, after epoch 1 of 2"
    with locked(stage / runs.LOCK):
        assert stored(folder)[keys["sed"]].state == "trained now, after epoch 1 of 2"
    (stage / "resume.safetensors").unlink()
    assert stored(folder)[keys["sed"]].state == "to do"


def test_a_changed_source_and_a_parent_trained_anew_are_said(store, monkeypatch):
    folder, keys = store
    first = folder / "stages" / keys["first"] / "done.json"
    write_json(first, read_json(first) | {"weights": "others"})
    assert stored(folder)[keys["sed"]].changed == "first trained anew since"
    monkeypatch.setattr(runs, "source_digest", lambda: "other")
    assert {one.changed for one in stored(folder).values()} == {"the source changed since"}


def test_folders_of_older_versions_are_read_with_what_runs_know_of_them(store):
    folder, keys = store
    for key in keys.values():
        anonymous(folder / "stages" / key)
    sed = stored(folder)[keys["sed"]]
    row = sed.row()
    assert (row["stage"], row["dataset"], row["seed"], row["state"]) == ("sed", "toy", 3, "done")
    assert row["source"] == runs.source_digest() and row["changed"] == ""
    assert sed.parents == {"first": keys["first"]}


def test_a_stage_is_shown_with_its_history_parents_children_and_provenance(store):
    folder, keys = store
    every = stored(folder)
    sed, first = (find(keys[name][:6], folder).details(every) for name in ("sed", "first"))
    assert sed["parents"] == {"first": keys["first"]}
    assert first["children"] == {keys["sed"]: "sed"}
    assert [entry["epoch"] for entry in sed["history"]] == [1, 2]
    assert sed["config"]["training"]["epochs"] == 2
    assert sed["provenance"]["parents"]["first"]["key"] == keys["first"]
    assert sed["recipe"] == "crnn/toy"


def test_a_key_that_nothing_has_comes_with_the_nearest(store):
    folder, keys = store
    wrong = keys["sed"][:-2] + "zz"
    with pytest.raises(
        UnknownName, match=rf"no stage '{wrong}'.*near: .*{keys['sed']}.*stages list"
    ):
        find(wrong, folder)
    with pytest.raises(UnknownName, match="give 4 characters or more"):
        find("", folder)


def test_the_command_lists_shows_and_answers_in_json(store, seldbench):
    _, keys = store
    code, out, _ = seldbench("stages", "list")
    assert code == 0
    assert all(word in out for word in (keys["sed"], "sed (crnn)", "toy", "done"))
    code, out, _ = seldbench("stages", "list", "--json")
    assert {row["key"] for row in json.loads(out)} == set(keys.values())
    code, out, _ = seldbench("stages", "show", keys["sed"])
    assert f"first [{keys['first']}]" in out
    assert '"hidden": 8' in out
    code, _, err = seldbench("stages", "show", "nothing")
    assert code == 1
    assert "no stage 'nothing'" in err


def forget(folder):
    """The run away, its stages left."""
    for run in runs.all_runs(folder):
        shutil.rmtree(run.path)


def test_what_a_run_refers_to_directly_or_as_an_ancestor_stays(store):
    folder, keys = store
    assert garbage(folder).garbage == []
    (run,) = runs.all_runs(folder)
    about = run.about
    write_json(run.path / "run.json", about | {"stages": {"sed": keys["sed"]}})
    assert garbage(folder).garbage == []
    write_json(run.path / "run.json", about | {"stages": {"first": keys["first"]}})
    assert [one.path.name for one in garbage(folder).garbage] == [keys["sed"]]


def test_what_a_run_begins_with_as_a_file_stays(store):
    folder, keys = store
    forget(folder)
    weights = folder / "stages" / keys["sed"] / "weights.safetensors"
    recipe = {"stages": {"other": {"init": {"": {"path": str(weights)}}}}}
    write_json(folder / "later" / "run.json", {"stages": {}})
    write_json(folder / "later" / "recipe.json", recipe)
    assert garbage(folder).garbage == []


def test_nothing_is_taken_away_unless_that_is_asked_for(store, seldbench):
    folder, keys = store
    forget(folder)
    code, out, _ = seldbench("stages", "gc")
    assert code == 0
    assert all(key in out for key in keys.values())
    assert "nothing was taken away: --yes does it" in out
    assert set(stored(folder)) == set(keys.values())
    code, out, _ = seldbench("stages", "gc", "--yes")
    assert "taken away" in out
    assert stored(folder) == {}
    assert seldbench("stages", "list")[1] == "no stages in runs/stages\n"
    assert seldbench("stages", "gc")[1] == "nothing to take away\n"


def test_a_stage_that_is_being_trained_stays(store, seldbench):
    folder, keys = store
    forget(folder)
    begun(folder / "stages" / keys["sed"])
    with locked(folder / "stages" / keys["sed"] / runs.LOCK):
        _, out, _ = seldbench("stages", "gc", "--yes")
    assert "of no run, but trained now" in out
    assert set(stored(folder)) == {keys["sed"]}


def test_leftovers_of_dead_trainings_go_and_what_one_goes_on_from_stays(store):
    folder, keys = store
    done, open_ = (folder / "stages" / keys[name] for name in ("first", "sed"))
    begun(open_)
    for path in (done / "resume.safetensors", done / ".log.jsonl.1.part", open_ / ".x.2.part"):
        path.write_bytes(b"12345")
    (open_ / "best.1.safetensors").write_bytes(b"best")
    (open_ / "spectra").mkdir()
    (open_ / "spectra" / "a.npy").write_bytes(b"1234567")
    with locked(open_ / runs.LOCK):
        assert {one.stage.name for one in garbage(folder).garbage} == {keys["first"]}
    found = collect(folder)
    assert (len(found.garbage), found.bytes) == (4, 3 * 5 + 7)
    assert {path.name for path in open_.iterdir()} >= {"resume.safetensors", "best.1.safetensors"}
    assert not (open_ / "spectra").exists()
    assert (done / "weights.safetensors").exists()
    assert collect(folder).garbage == []


def test_a_training_anew_is_kept_while_it_can_be_gone_on_with(store, monkeypatch):
    folder, keys = store
    stage = folder / "stages" / keys["sed"]
    (stage / "retraining").mkdir()
    for name in ("stage.json", "log.jsonl"):
        shutil.copy(stage / name, stage / "retraining" / name)
    assert garbage(folder).garbage == []
    assert stored(folder)[keys["sed"]].state == "done; begun anew, after epoch 2 of 2"
    monkeypatch.setattr("seldbench.experiment.clearing.source_digest", lambda: "other")
    (one,) = garbage(folder).garbage
    assert one.path == stage / "retraining"
    assert "another source than today's" in one.what


def test_a_run_that_cannot_be_read_stops_the_clearing(store):
    folder, _ = store
    (run,) = runs.all_runs(folder)
    (run.path / "run.json").write_text("{")
    with pytest.raises(BadFile, match=r"run\.json: not JSON"):
        collect(folder)
