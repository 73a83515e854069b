"""`--init`: a release by its name, a run, a file or nothing; two stages that answer together."""

from types import SimpleNamespace

import pytest

from seldbench import registry
from seldbench.contracts import Weights
from seldbench.errors import BadRun, MissingData, UnknownName
from seldbench.experiment import init_option
from seldbench.experiment.init_option import with_init
from seldbench.runs import FORMAT
from seldbench.storage import write_json
from seldbench.training import checkpoint

BOTH = {"stages.sed.init": {"gru": {"weights": "half"}, "blocks": {"weights": "other"}}}


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Releases `half`, which is fetched, and `other`, which nothing fetches; asked: for what
    sizes."""
    asked = []

    def fetch(size):
        asked.append(size)
        if size == "huge":
            raise MissingData("half-huge cannot be had (no connection)")
        return tmp_path / f"half-{size}.safetensors"

    def made(name, how):
        return Weights(convert=dict, where=f"{name}.pth of nobody", source="the tests", fetch=how)

    known = {"half": made("half", fetch), "other": made("other", None)}
    find = registry.find
    monkeypatch.setattr(
        registry,
        "find",
        lambda kind, name: known[name] if kind == "weights" else find(kind, name),
    )
    return asked


def sized(monkeypatch, default):
    """The toy's architecture as one that comes in sizes."""
    find = registry.find

    def build(channels, bins, hop, sizes, size=default):
        raise NotImplementedError

    def found(kind, name):
        return SimpleNamespace(build=build) if kind == "architectures" else find(kind, name)

    monkeypatch.setattr(registry, "find", found)


def test_a_release_is_fetched_by_its_name_where_the_recipe_starts_from_it(
    release, toy_recipe, tmp_path
):
    (init,) = with_init(toy_recipe(**BOTH), "half", tmp_path).values()
    assert init["gru"]["path"] == str(tmp_path / "half-None.safetensors")
    assert init["gru"]["weights"]["name"] == "half"
    assert "path" not in init["blocks"]


def test_what_is_fetched_is_of_the_networks_size(release, toy_recipe, tmp_path, monkeypatch):
    sized(monkeypatch, default="base")
    with_init(toy_recipe(**BOTH), "half", tmp_path)
    with_init(toy_recipe(**BOTH, **{"model.size": "tiny"}), "half", tmp_path)
    assert release == ["base", "tiny"]


def test_what_cannot_be_fetched_says_where_it_is_had_and_how_to_give_it(
    release, toy_recipe, tmp_path
):
    words = (
        r"--init half: half-huge cannot be had \(no connection\)\. It is half.pth of nobody; get it"
        r" and name it with --init PATH; --init none starts from random weights"
    )
    with pytest.raises(MissingData, match=words):
        with_init(toy_recipe(**BOTH, **{"model.size": "huge"}), "half", tmp_path)
    with pytest.raises(MissingData, match=r"--init other: nothing fetches it; get other.pth of no"):
        with_init(toy_recipe(**BOTH), "other", tmp_path)


def test_a_name_that_is_none_comes_with_the_nearest_release(release, toy_recipe, tmp_path):
    words = r"--init hal: .*no release .*\(near: half\), and no run 'hal'.*half is half.pth of no"
    with pytest.raises(BadRun, match=words):
        with_init(toy_recipe(**BOTH), "hal", tmp_path)


def test_deit_out_of_reach_says_so_in_words(monkeypatch):
    hub = pytest.importorskip("huggingface_hub")

    def refused(repository, name):
        raise ConnectionError(f"{repository}: no connection\nand much more")

    monkeypatch.setattr(hub, "hf_hub_download", refused)
    words = r"--init deit: timm/deit_tiny.* cannot be had from Hugging Face .*no connection\)\. It"
    with pytest.raises(MissingData, match=words):
        init_option.fetched("deit", "tiny")


HALVES = """
[stages.doa]
[stages.sed]
"""
SYSTEM = 'system = "two_stage"\nanswers = { activity = "sed", directions = "doa" }\n'


@pytest.fixture
def halves(toy_text, toy_recipe):
    """A recipe whose two stages answer together."""
    return toy_recipe(SYSTEM + toy_text.replace("[stages.sed]", HALVES))


def finished(folder, recipe):
    """A run as it lies there: {stage: its weights}."""
    keys = {name: f"key-of-{name}" for name in recipe.stages}
    about = {"format": FORMAT, "stages": keys, "dataset": "toy"}
    write_json(folder / "run" / "run.json", about)
    write_json(folder / "run" / "recipe.json", recipe.model_dump(mode="json"))
    weights = {n: folder / "stages" / key / "weights.safetensors" for n, key in keys.items()}
    for path in weights.values():
        path.parent.mkdir(parents=True)
        checkpoint.save(path, {}, {})
    return {name: str(path) for name, path in weights.items()}


def test_halves_begin_with_the_same_halves_of_a_run(halves, tmp_path):
    weights = finished(tmp_path, halves)
    assert with_init(halves, "run", tmp_path) == {
        "stages.sed.init": {"": {"path": weights["sed"]}},
        "stages.doa.init": {"": {"path": weights["doa"]}},
    }


def test_of_two_halves_neither_is_a_whole(halves, toy_text, toy_recipe, tmp_path):
    whole = toy_recipe(toy_text)
    weights = finished(tmp_path / "halves", halves)
    finished(tmp_path / "whole", whole)
    words = r"sed and doa answer together.*: --set 'stages.NAME.init=\{"
    with pytest.raises(UnknownName, match=words):
        with_init(halves, weights["sed"], tmp_path)
    with pytest.raises(UnknownName, match=words):
        with_init(halves, "run", tmp_path / "whole")
    with pytest.raises(UnknownName, match=rf"is one network; name the weights .*{weights['sed']}"):
        with_init(whole, "run", tmp_path / "halves")
    assert with_init(whole, weights["sed"], tmp_path) == {
        "stages.sed.init": {"": {"path": weights["sed"]}}
    }
