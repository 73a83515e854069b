"""How large a step is: warm-up and decay against the official numbers, and parts of a network."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from seldbench.errors import BadRecipe
from seldbench.recipe import Training
from seldbench.training.loop import make_optimiser
from seldbench.training.schedule import parameter_groups, ramp_up, share


def shares(decay, epochs=10, steps=4, **others):
    """What is left of the step size at every step."""
    training = Training(epochs=epochs, window=1.0, decay=decay, **others)
    return [share(training, done, steps) for done in range(epochs * steps)]


def sizes_by_epoch(lr, epochs, **stairs):
    """The step size of every epoch, which the stairs may not change within one."""
    steps = 7
    found = [lr * s for s in shares({"shape": "stairs", **stairs}, epochs, steps)]
    by_epoch = [found[e * steps : (e + 1) * steps] for e in range(epochs)]
    assert all(len(set(epoch)) == 1 for epoch in by_epoch)
    return [epoch[0] for epoch in by_epoch]


def official_sizes(lr, epochs, start, every, factor):
    """PyTorch's MultiStepLR, stepped at the end of every epoch as the AST code does."""
    optimiser = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr)
    milestones = list(range(start, 1000, every))
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones, gamma=factor)
    found = []
    for _ in range(epochs):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def test_without_decay_it_stays():
    assert set(shares(None)) == {1.0}


def test_a_step_falls_at_once_after_its_epochs():
    found = shares({"start": 8, "factor": 0.1})
    assert found[:32] == [1.0] * 32
    assert found[32:] == [0.1] * 8


def test_a_line_reaches_its_factor_at_the_last_step():
    found = shares({"start": 7, "factor": 0.25, "shape": "linear"})
    assert found[:29] == [1.0] * 29
    assert found[-1] == pytest.approx(0.25)
    falls = [a - b for a, b in pairwise(found[28:])]
    assert falls == pytest.approx([falls[0]] * len(falls))


def test_half_a_gaussian_is_flat_at_first_and_reaches_its_factor_at_the_last_step():
    found = shares({"start": 5, "factor": 0.3679, "shape": "gaussian"}, steps=101)
    assert found[:506] == [1.0] * 506
    half = 505 + 252  # of the 504 steps from the first that may fall to the last
    assert found[half] == pytest.approx(0.3679**0.25)
    assert found[-1] == pytest.approx(0.3679)
    falls = [a - b for a, b in pairwise(found[505:])]
    assert falls[0] < 0.01 * max(falls)


def test_audioset_full_halves_every_epoch_after_the_second():
    found = sizes_by_epoch(1e-5, 5, start=2, every=1, factor=0.5)
    assert found == pytest.approx([1e-5, 1e-5, 5e-6, 2.5e-6, 1.25e-6])
    assert found == pytest.approx(official_sizes(1e-5, 5, 2, 1, 0.5))


def test_audioset_balanced_halves_every_five_epochs_after_the_tenth():
    found = sizes_by_epoch(5e-5, 25, start=10, every=5, factor=0.5)
    assert found == pytest.approx([5e-5] * 10 + [2.5e-5] * 5 + [1.25e-5] * 5 + [6.25e-6] * 5)
    assert found == pytest.approx(official_sizes(5e-5, 25, 10, 5, 0.5))


def test_esc50_keeps_85_percent_every_epoch_after_the_fifth():
    found = sizes_by_epoch(1e-5, 25, start=5, every=1, factor=0.85)
    assert found[:7] == pytest.approx([1e-5] * 5 + [8.5e-6, 7.225e-6])
    assert found[-1] == pytest.approx(1e-5 * 0.85**20)
    assert found == pytest.approx(official_sizes(1e-5, 25, 5, 1, 0.85))


def test_a_warm_up_is_set_anew_every_fifty_steps_and_begins_at_nothing():
    found = shares(None, epochs=1, steps=1100, warmup=1000, warmup_every=50)
    assert found[:50] == [0.0] * 50
    assert found[50:100] == [0.05] * 50
    assert found[950:1000] == [0.95] * 50
    assert found[1000:] == [1.0] * 100


def test_a_warm_up_may_rise_with_every_step():
    assert shares(None, epochs=1, steps=5, warmup=4) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_ramp_grows_as_exp_of_minus_five_times_the_rest_squared():
    found = shares(None, epochs=4, steps=10, ramp_epochs=2)
    assert found[10] == ramp_up(10, 20)
    assert found[20:] == [1.0] * 20


class Nested(nn.Module):
    """An encoder of four blocks with a norm behind them, and a head."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.blocks = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))
        self.encoder.norm = nn.LayerNorm(2)
        self.encoder.act = nn.GELU()
        self.head = nn.Linear(2, 1)


def groups_of(rates, network=None):
    training = Training(epochs=1, window=1.0, lr=1e-4, rates=rates)
    return parameter_groups(training, network or Nested())


def test_a_part_has_its_own_step_size_and_the_longest_name_wins():
    network = Nested()
    rates = {"encoder": 5e-6, "encoder.blocks.3": 1e-5, "encoder.norm": 1e-4}
    groups = groups_of(rates, network)
    rate_of = {id(p): g["rate"] for g in groups for p in g["params"]}
    found = {name: rate_of[id(p)] for name, p in network.named_parameters()}
    assert len(rate_of) == len(found)  # each in one group
    assert found["head.weight"] == 1e-4
    assert found["encoder.blocks.2.bias"] == 5e-6
    assert found["encoder.blocks.3.bias"] == 1e-5
    assert found["encoder.norm.weight"] == 1e-4


def test_a_name_that_only_begins_alike_is_another_part():
    network = nn.Module()
    network.head, network.head_clip = nn.Linear(2, 1), nn.Linear(2, 1)
    groups = groups_of({"head": 1e-3}, network)
    assert {g["part"]: len(g["params"]) for g in groups} == {"": 2, "head": 2}


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({"encodr": 1e-3}, r"no part 'encodr' \(near: encoder.*; its parts: encoder, head"),
        ({"encoder.act": 1e-3}, "'encoder.act' has no parameter"),
        (
            {"encoder.blocks": 1e-3, **{f"encoder.blocks.{i}": 1e-4 for i in range(4)}},
            "'encoder.blocks' has no parameter that is not in a longer name",
        ),
    ],
)
def test_a_part_that_does_not_exist_or_holds_nothing_is_named(rates, message):
    with pytest.raises(BadRecipe, match=message):
        groups_of(rates)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_parts_are_trained_as_by_optimisers_of_their_own(kind):
    torch.manual_seed(0)
    network = Nested()
    training = Training(
        epochs=1, window=1.0, lr=0.1, rates={"head": 0.01}, optimiser=kind, weight_decay=0.1
    )
    optimiser = make_optimiser(training, network)
    for group in optimiser.param_groups:
        group["lr"] = group["rate"]
    before = {n: p.detach().clone() for n, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    for name, parameter in network.named_parameters():
        lr = 0.01 if name.startswith("head") else 0.1
        # Adam's first step is lr x sign; its L2 term keeps the sign of these gradients.
        expected = before[name] * (1 - lr * 0.1 if kind == "adamw" else 1) - lr
        torch.testing.assert_close(parameter.detach(), expected)
