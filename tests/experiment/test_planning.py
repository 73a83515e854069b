"""A dry run draws the graph, says what is done, shared and to do, and estimates what it costs."""

import pytest
import torch
from torch import nn

from seldbench import registry, runs
from seldbench.contracts import Architecture, Quiet
from seldbench.experiment import cost, graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.cost import Costs
from seldbench.experiment.planning import amount, duration, plan
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.storage import read_json, write_json

CPU = torch.device("cpu")
CHAIN = '[stages.first]\n[stages.sed.init]\n"" = { stage = "first" }'
ONE = '[stages.sed.training]\nstep = "supervised"'


@pytest.fixture
def make(toy, toy_text, toy_recipe, tmp_path):
    def of(stages=CHAIN, seed=0, retrain=False, **settings):
        text = toy_text.replace("[stages.sed]", stages).replace("epochs = 3", "epochs = 2")
        recipe = toy_recipe(text, **settings)
        return Experiment(recipe, Data(toy, limit=6), seed, tmp_path / "runs", retrain=retrain)

    return of


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """What a dry run says of stages, and last of all together."""
    monkeypatch.setattr(cost, "matrix_rate", lambda device: 1e9)

    def of(*experiments):
        said = [*plan(experiments, Costs(CPU, "cpu", tmp_path / "runs"))]
        return [line for line in said if line.lstrip().startswith("stage ")] + [
            line for line in said if line.startswith("in all")
        ]

    return of


def test_what_is_to_be_known_of_the_data_is_said(make, toy, tmp_path, monkeypatch):
    notes = {"test": ["test: 1 of 8 clips are missing"]}
    monkeypatch.setattr(type(toy), "notes", lambda self, split: notes.get(split, []))
    monkeypatch.setattr(cost, "matrix_rate", lambda device: 1e9)
    said = [*plan([make(), make(seed=1)], Costs(CPU, "cpu", tmp_path / "runs"))]
    assert said[-1] == "note: test: 1 of 8 clips are missing"
    assert sum(line.startswith("note: ") for line in said) == 1


def train(experiment, *names):
    answers, prepared = Answers(experiment.recipe, {}, CPU, Quiet()), experiment.prepare()
    for node in experiment.nodes():
        if node.name in names:
            graph.execute(node, prepared[node.name], answers, Quiet())


def test_the_graph_shows_parents_what_is_shared_and_what_all_need_together(make, lines):
    one, two = make(), make(**{"stages.sed.training.lr": 1e-2})
    first, sed, shared, other, total = lines(one, two)
    keys = [node.key for node in one.nodes()]
    assert first.startswith(f"stage first [{keys[0]}]: to do; ")
    assert sed.startswith(f"  stage sed [{keys[1]}] <- first: to do; ")
    assert shared == f"stage first [{keys[0]}]: shared with variant default, seed 0"
    assert keys[1] not in other and "<- first: to do; " in other
    assert total.startswith("in all 4 stages: 1 shared, 0 done, 3 to be trained, ")
    assert "2 epochs of 1 steps, batches of 6" in first


def test_another_seed_shares_nothing(make, lines):
    assert lines(make(), make(seed=1))[-1].startswith("in all 4 stages: 0 shared, 0 done, 4 to be")


def test_what_is_done_or_begun_is_said_and_costs_less(make, lines):
    experiment = make()
    before = lines(experiment)
    train(experiment, "first")
    first, sed, total = lines(experiment)
    assert ": done; " in first
    assert "FLOP" not in first
    assert total.startswith("in all 2 stages: 0 shared, 1 done, 1 to be trained, ")
    # The other's time is now known from the one that took as much.
    assert f"as stage [{experiment.nodes()[0].key}] took" in sed
    assert "as stage" not in "".join(before)
    assert "GFLOP/s of float32 matrix products" in before[0]
    folder = experiment.nodes()[0].folder
    (folder.path / "done.json").unlink()
    (folder.path / "weights.safetensors").rename(folder.path / "resume.safetensors")
    log = folder.path / "log.jsonl"
    log.write_text(log.read_text().splitlines()[0] + "\n")
    first, *_ = lines(experiment)
    assert "resumes after epoch 1; " in first
    whole, half = (line.split("; ")[-1].split(" in about")[0] for line in (before[0], first))
    assert float(half.split()[0]) == pytest.approx(float(whole.split()[0]) / 2, rel=0.01)


def test_retrain_says_which_stages_and_why(make, lines, monkeypatch):
    train(make(), "first", "sed")
    assert lines(make(retrain=True))[-1].startswith("in all 2 stages: 0 shared, 2 done, 0 to be")
    sed = make().nodes()[1].folder.path / "stage.json"
    monkeypatch.setattr(runs, "source_digest", lambda: "new")
    first = lines(make())[0]
    assert ": done, but the source changed since: --retrain trains it anew; " in first
    write_json(sed, read_json(sed) | {"source": "new"})
    first, sed_, total = lines(make(retrain=True))
    assert ": anew, the source changed since: to do; " in first
    assert ": anew, first will be trained anew: to do; " in sed_
    assert "2 to be trained" in total


class Counted(nn.Module):
    """A convolution, a recurrence, attention and a linear layer, so that each can be counted."""

    def __init__(self, channels, bins, hop, sizes, recurrent):
        super().__init__()
        self.hop = 4 * hop
        self.conv = nn.Conv2d(channels, 2, (4, bins), stride=(4, 1))
        self.recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[recurrent](2, 8, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.heads = nn.ModuleDict({name: nn.Linear(8, size) for name, size in sizes.items()})

    def forward(self, features):
        x = self.conv(features)[..., 0].transpose(1, 2)  # (batch, label frames, 2)
        x, _ = self.recurrent(x)
        x, _ = self.attention(x, x, x)
        frames = self.heads["frames"](x)
        return {"frames": frames, "clip": self.heads["clip"](x.mean(1)).sigmoid()}


@pytest.mark.parametrize(("recurrent", "gates"), [("gru", 3), ("lstm", 4)])
def test_operations_are_those_counted_by_hand(make, monkeypatch, tmp_path, recurrent, gates):
    find = registry.find
    architecture = Architecture(build=Counted, source="the tests", notes="")
    monkeypatch.setattr(
        registry,
        "find",
        lambda kind, name: architecture if name == "counted" else find(kind, name),
    )
    settings = {"architecture": "counted", "model": {"recurrent": recurrent}}
    experiment = make(ONE, **settings)
    prepared = experiment.prepare()["sed"]
    windowing, bins = prepared.assembly.windowing, prepared.assembly.windowing.features.bins
    t = (windowing.frames - 4) // 4 + 1
    products = t * (2 * 4 * bins + gates * 8 * (2 + 8))  # convolution, recurrence
    products += t * (3 * 8 * 8 + 8 * 8) + 2 * t * t * 8  # attention: projections, scores and sums
    products += t * 8 * 2 + 8 * 2  # both heads
    assert cost.window_operations(prepared) == 2 * products
    costs = Costs(CPU, "cpu", tmp_path)
    examples, steps = 6, 1
    assert costs.operations(prepared, 2) == 2 * products * 3 * examples * steps * 2
    # A teacher hears every example once more, forward.
    taught = make("[stages.sed]", **settings).prepare()["sed"]
    assert costs.operations(taught, 1) == 2 * products * 4 * examples * steps


def test_counting_leaves_the_network_and_random_numbers_as_they_were(make):
    prepared = make().prepare()["sed"]
    before = {n: t.clone() for n, t in prepared.assembly.network.state_dict().items()}
    state = torch.random.get_rng_state()
    cost.window_operations(prepared)
    after = prepared.assembly.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_rate_of_matrix_products_is_measured_in_a_moment():
    assert cost.matrix_rate(CPU) > 1e8


def test_amounts_and_durations_are_said_in_words():
    assert [amount(n) for n in (12.0, 1.2e9, 3.45e15)] == ["12 FLOP", "1.2 GFLOP", "3.45 PFLOP"]
    said = [duration(s) for s in (3, 80, 600, 7200, 4e5)]
    assert said == ["3 s", "80 s", "10.0 min", "2.0 h", "4.6 days"]
