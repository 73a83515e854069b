"""Averaged weights: the mean over the ends of epochs, kept as one sum that outlives a stop."""

import pytest
import torch
from torch import nn

from seldbench.contracts import Quiet
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.training import checkpoint, loop
from seldbench.training.averaging import Average

CPU = torch.device("cpu")


class Stopped(Exception):
    """Stands for a kill."""


def network_of(value):
    network = nn.BatchNorm1d(2)
    with torch.no_grad():
        network.weight.fill_(value)
        network.running_mean.fill_(10 * value)
        network.num_batches_tracked.fill_(int(100 * value))
    return network


def test_weights_and_statistics_are_averaged_over_the_epochs_of_the_range_and_no_others():
    average = Average(2, 4)
    for epoch, value in enumerate((50.0, 1.0, 2.0, 6.0, 70.0), start=1):
        average.add(network_of(value), epoch)
    mean = average.mean()
    assert torch.equal(mean["weight"], torch.full((2,), 3.0))
    assert torch.equal(mean["running_mean"], torch.full((2,), 30.0))
    assert mean["num_batches_tracked"] == 600  # a counter: the last epoch's


def test_the_sum_is_that_of_the_official_code_to_the_last_bit():
    torch.manual_seed(0)
    networks = [nn.Linear(9, 7) for _ in range(5)]
    average = Average(1, 5)
    for epoch, network in enumerate(networks, start=1):
        average.add(network, epoch)
    states = [network.state_dict() for network in networks]
    for name, found in average.mean().items():
        total = states[0][name]
        for state in states[1:]:
            total = total + state[name]
        assert torch.equal(found, total / 5.0)


@pytest.fixture
def experiment(toy, toy_recipe, tmp_path):
    def make(folder, **settings):
        settings = {"select": "last", "training__epochs": 4, "average": [2, 3]} | settings
        return Experiment(toy_recipe(**settings), Data(toy), 0, tmp_path / folder)

    return make


def weights_of(run):
    return checkpoint.load(run.stage("sed").weights)[0]


def test_a_training_ends_with_the_mean_of_what_shorter_ones_end_with(experiment):
    averaged = experiment("mean").run(CPU, Quiet())
    second, third = (
        weights_of(experiment(f"e{n}", average=[n, n]).run(CPU, Quiet())) for n in (2, 3)
    )
    for name, mean in weights_of(averaged).items():
        if mean.is_floating_point():
            torch.testing.assert_close(mean, (second[name] + third[name]) / 2, rtol=0, atol=0)
    selected = averaged.stage("sed").done["selected"]
    assert (selected["epoch"], selected["average"], selected["network"]) == (3, [2, 3], "teacher")


def test_parts_and_averages_go_on_after_a_stop_bit_for_bit(experiment, monkeypatch):
    """Stopped in the middle of the range, with a part that has a step size of its own."""
    settings = {"training__rates": {"gru": 1e-3}, "training__epochs": 5, "average": [2, 4]}
    whole = experiment("whole", **settings).run(CPU, Quiet())
    keep = loop._keep

    def stop_after_the_third(job, optimiser, average, state, log):
        keep(job, optimiser, average, state, log)
        if state.epoch == 3:
            raise Stopped

    monkeypatch.setattr(loop, "_keep", stop_after_the_third)
    with pytest.raises(Stopped):
        experiment("stopped", **settings).run(CPU, Quiet())
    monkeypatch.setattr(loop, "_keep", keep)
    resumed = experiment("stopped", **settings).run(CPU, Quiet())
    found = weights_of(resumed)
    assert all(torch.equal(found[name], t) for name, t in weights_of(whole).items())


def test_the_resume_state_holds_one_sum_however_many_epochs(experiment, monkeypatch):
    sizes = []
    keep = loop._keep

    def measured(job, optimiser, average, state, log):
        keep(job, optimiser, average, state, log)
        tensors = checkpoint.load(job.folder / loop.RESUME)[0]
        sizes.append(sum(t.numel() for n, t in tensors.items() if n.startswith("average.")))

    monkeypatch.setattr(loop, "_keep", measured)
    run = experiment("sizes", training__epochs=5, average=[2, 5]).run(CPU, Quiet())
    one = sum(t.numel() for t in weights_of(run).values())
    assert sizes == [0, one, one, one, one]
