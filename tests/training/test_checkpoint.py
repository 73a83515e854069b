"""Weights and optimiser states go to disk and come back the same; nothing is unpickled."""

import pickle

import pytest
import torch
from torch import nn

from seldbench.errors import BadRun
from seldbench.training import checkpoint


def test_tensors_and_header_come_back(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "n": torch.tensor(3)}
    checkpoint.save(tmp_path / "w.safetensors", tensors, {"epoch": 2})
    back, header = checkpoint.load(tmp_path / "w.safetensors")
    assert header == {"epoch": 2}
    assert all(torch.equal(back[name], tensors[name]) for name in tensors)


def test_an_optimiser_goes_on_as_if_it_had_never_stopped(tmp_path):
    def steps(network, optimiser, numbers):
        for n in numbers:
            optimiser.zero_grad()
            network(torch.full((1, 3), float(n))).sum().backward()
            optimiser.step()

    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.1)
    steps(network, optimiser, [1, 2])
    checkpoint.save(tmp_path / "o", checkpoint.optimiser_tensors(optimiser), {})
    other = nn.Linear(3, 2)
    other.load_state_dict(network.state_dict())
    resumed = torch.optim.Adam(other.parameters(), lr=0.1)
    checkpoint.restore_optimiser(resumed, checkpoint.load(tmp_path / "o")[0])
    steps(network, optimiser, [3, 4])
    steps(other, resumed, [3, 4])
    assert torch.equal(network.weight, other.weight)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_fused_optimiser_goes_on_bit_for_bit_whatever_the_order_in_memory(tmp_path, kind, layout):
    draw = torch.Generator().manual_seed(0)
    numbers = [torch.randn(4, 3, 8, 8, generator=draw) for _ in range(4)]

    def made():
        torch.manual_seed(0)
        network = nn.Conv2d(3, 5, 3).to(memory_format=layout)
        return network, kind(network.parameters(), lr=0.1, fused=True)

    def steps(network, optimiser, numbers):
        for n in numbers:
            optimiser.zero_grad()
            network(n.contiguous(memory_format=layout)).square().sum().backward()
            optimiser.step()

    network, optimiser = made()
    steps(network, optimiser, numbers[:2])
    checkpoint.save(tmp_path / "o", checkpoint.optimiser_tensors(optimiser), {})
    checkpoint.save(tmp_path / "w", network.state_dict(), {})
    other, resumed = made()
    other.load_state_dict(checkpoint.load(tmp_path / "w")[0])
    checkpoint.restore_optimiser(resumed, checkpoint.load(tmp_path / "o")[0])
    steps(network, optimiser, numbers[2:])
    steps(other, resumed, numbers[2:])
    assert torch.equal(network.weight, other.weight)


def test_a_fused_step_is_the_plain_step():
    draw = torch.Generator().manual_seed(0)
    start, slopes = torch.randn(50, generator=draw), torch.randn(9, 50, generator=draw)
    found = []
    for fused in (True, False):
        weight = nn.Parameter(start.clone())
        optimiser = torch.optim.Adam([weight], 0.01, (0.95, 0.999), weight_decay=0.1, fused=fused)
        for slope in slopes:
            weight.grad = slope.clone()
            optimiser.step()
        found.append(weight.detach())
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-6)


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code was run')",))


def test_a_pickle_is_refused_and_its_code_never_runs(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadRun, match="no readable weights"):
        checkpoint.load(path)


def test_a_truncated_or_foreign_file_is_named(tmp_path):
    path = tmp_path / "weights.safetensors"
    checkpoint.save(path, {"a": torch.ones(1000)}, {})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadRun, match=r"weights\.safetensors: no readable weights"):
        checkpoint.load(path)
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, path)
    with pytest.raises(BadRun, match="was not written by seldbench"):
        checkpoint.load(path)
