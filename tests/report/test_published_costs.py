"""`seldbench profile`: costs by a recipe alone, and for published score files that lack theirs."""

import json

import pytest
import torch

from seldbench.experiment import profiles
from seldbench.profiling import class_count
from seldbench.recipe import recipe_file, resolve
from seldbench.report.results.costs import timing_of
from seldbench.report.results.score_files import published
from seldbench.storage import read_json, write_json

DEMO = resolve(recipe_file("crnn", "desed"), "desed", "demo").model_dump(mode="json")


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """No time for many repeats."""
    monkeypatch.setattr(profiles, "SECONDS", 0.0)


@pytest.fixture
def reports(write_run, publish_scores):
    """Score files of the demonstration's CRNN: one of this version, one whose recipe is older, one
    that had other parameters, one without a recipe to build, one that says its cost."""
    names = ["today", "older", "other", "none", "says"]
    folder = publish_scores(*(write_run(name) for name in names))
    old = json.loads(json.dumps(DEMO))
    del old["stages"]["sed"]["architecture"]
    changes = {
        "today": {"recipe": DEMO},
        "older": {"recipe": old},
        "other": {"recipe": DEMO, "parameters": 5},
        "none": {},
        "says": {"recipe": DEMO, "cost": {"macs_per_second": 7}},
    }
    for name, change in changes.items():
        path = folder / "scores" / f"{name}.json"
        content = read_json(path)
        classes = {f"class {n}": {"event_f1": 0.5} for n in range(9)}
        content |= {"classes": classes, "scored_classes": [*classes], "unscored_classes": ["Dog"]}
        content["parameters"] = change.get("parameters", 67_068)
        if "recipe" in change:
            content["provenance"]["recipe"] = change["recipe"]
        if "cost" in change:
            content["cost"] = change["cost"]
        write_json(path, content)
    return folder


def test_published_score_files_get_the_cost_that_their_recipe_builds(reports, seldbench):
    before = {path.stem: read_json(path) for path in (reports / "scores").glob("*.json")}
    code, out, err = seldbench("profile", reports, "--published")
    assert (code, err) == (0, "")
    said = dict(line.split(": ", 1) for line in out.splitlines())
    assert said["today"].endswith("MACs a second") and said["older"] == said["today"]
    assert said["says"] == "says its cost"
    assert "left as it is: its recipe builds 67,068 parameters today, and the run had 5" in out
    assert said["none"].startswith("left as it is: ")
    costs = {result.run: result.cost for result in published(reports)}
    assert costs["today"] == costs["older"]
    assert costs["today"].macs_per_second > 1e6
    assert costs["today"].real_time_factor is None
    assert costs["says"].macs_per_second == 7
    assert costs["none"] is None and costs["other"] is None
    after = {path.stem: read_json(path) for path in (reports / "scores").glob("*.json")}
    for name, content in after.items():
        assert {k: v for k, v in content.items() if k != "cost"} == {
            k: v for k, v in before[name].items() if k != "cost"
        }
    keys = list(after["today"])
    assert keys[keys.index("parameters") + 1] == "cost"


def test_timed_systems_say_what_of_and_those_of_runs_give_way(reports, seldbench):
    code, out, err = seldbench(
        *("profile", reports, "--published", "--time", "--device", "cpu", "--batch", 2)
    )
    assert (code, err) == (0, "")
    costs = {result.run: result.cost for result in published(reports)}
    assert costs["today"] == costs["older"] == costs["says"]
    assert out.splitlines()[2:5] == [f"round {n} of 3: 1 systems" for n in (1, 2, 3)]
    timed = costs["says"]
    assert timed.macs_per_second > 1e6 and timed.real_time_factor > 0 and timed.noise
    assert (timed.device, timed.batch) == ("cpu", 2)
    threads = torch.get_num_threads()
    assert timing_of(timed) == f"cpu, {threads} thread{'s' * (threads > 1)}, noise"
    assert costs["none"] is None and costs["other"] is None
    said = dict(line.split(": ", 1) for line in out.splitlines())
    assert f"real-time factor {timed.real_time_factor:.3g} on cpu" in said["says"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--published", "--time", "--device", "gpu"), "cpu or cuda"),
        (("--time",), "--time is for --published"),
    ],
)
def test_what_cannot_be_timed_is_refused_before_anything_is_written(
    reports, seldbench, options, words
):
    before = {path.name: path.read_bytes() for path in (reports / "scores").glob("*.json")}
    code, _, err = seldbench("profile", reports, *options)
    assert code in (1, 2)
    assert words in " ".join(err.split())
    assert before == {p.name: p.read_bytes() for p in (reports / "scores").glob("*.json")}


def test_a_folder_without_score_files_is_refused(seldbench, tmp_path):
    code, _, err = seldbench("profile", tmp_path, "--published")
    assert code == 1
    assert "no score files" in err


def test_a_profile_is_of_every_variant_and_sums_up(seldbench):
    code, out, _ = seldbench("profile", "crnn", "--variant", "demo,small", "--json", "--batch", 2)
    assert code == 0
    demo, small = json.loads(out)
    assert [demo["variant"], small["variant"]] == ["demo", "small"]
    assert demo["dataset"] == "desed"
    assert demo["classes"] == 10
    assert demo["seconds"] == 5.0
    assert small["parameters"] == {"trainable": 280_828, "all": 280_828}
    for one in (demo, small):
        kinds = sum(one["features"].values()) + sum(one["network"].values())
        assert one["macs_per_second"] == pytest.approx(kinds, abs=10)
        assert {"convolution", "linear", "attention", "recurrence", "other"} == set(one["network"])
        assert [timed["batch"] for timed in one["latency"]] == [1, 2]
        assert one["threads"] == torch.get_num_threads()


def test_a_profile_for_a_person_names_device_and_threads(seldbench):
    code, out, _ = seldbench(
        *("profile", "crnn", "--variant", "demo", "--device", "cpu", "--batch", 1),
        *("--seconds", 10, "--classes", 3, "--set", "model.hidden=8"),
    )
    assert code == 0
    assert "3 classes, a clip of 10 s" in out
    assert "convolution" in out and "stft" in out and "recurrence" in out
    threads = torch.get_num_threads()
    (timed,) = [line for line in out.splitlines() if line.startswith("batch")]
    assert timed.startswith(f"batch 1, cpu, {threads} thread")
    assert "ms a window, real-time factor" in timed and "median of" in timed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("crn",), "near: crnn"),
        (("crnn", "--dataset", "desd"), "near: desed"),
        (("crnn", "--variant", "demi"), "near: demo"),
        (("crnn", "--device", "gpu"), "cpu or cuda"),
        ((), "name an architecture"),
    ],
)
def test_what_is_not_there_is_said_in_words(seldbench, arguments, words):
    code, _, err = seldbench("profile", *arguments)
    assert code in (1, 2)
    assert words in " ".join(err.split())


def test_without_a_gpu_one_that_is_asked_for_is_refused(seldbench, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, _, err = seldbench("profile", "crnn", "--device", "cuda")
    assert code == 1
    assert "no GPU" in err


@pytest.mark.parametrize(
    ("dataset", "number"),
    [
        *(("desed", 10), ("desed-sim", 10), ("tnsse2020", 14), ("tnsse2021-sim", 12)),
        *(("starss22", 13), ("starss23-sim", 13), ("mix75-sim", 75), ("esc50-sim", 50)),
        *(("speech_commands_v2", 35), ("audioset", 527)),
    ],
)
def test_sets_have_as_many_classes_as_they_are_published_with(dataset, number):
    assert class_count(dataset) == number
