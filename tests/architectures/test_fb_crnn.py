"""`fb_crnn`: its size, what each GRU may hear, and tags of short windows."""

import pytest
import torch

from seldbench_baselines.architectures.fb_crnn import ARCHITECTURE
from seldbench_baselines.pb_cnn import HybridCNN

BINS, CLASSES = 32, 3
# Frames that the shallow CNN hears to each side: nine 3 x 3 and three of length 3.
REACH = 9 + 3


def fb_crnn(sizes=None, *, bins=BINS, **arguments):
    sizes = sizes or {"bounds": 2 * CLASSES}
    arguments = {"base": 2, "hidden": 8, **arguments}
    torch.manual_seed(0)
    return ARCHITECTURE.build(channels=1, bins=bins, hop=0.02, sizes=sizes, **arguments).eval()


def features(frames=60, batch=1):
    return torch.randn(batch, 1, frames, BINS, generator=torch.Generator().manual_seed(1))


def of_windows(network, x):
    """What short windows say, (batch, frames, classes)."""
    return network(x)["frames"].sigmoid()


def count(network):
    return sum(p.numel() for p in network.parameters())


def published(**arguments):
    return ARCHITECTURE.build(channels=1, bins=128, hop=0.02, sizes={"bounds": 20}, **arguments)


def changed(network, frame):
    """Frames of the forward and of the backward scores that an input frame changes."""
    first = features()
    second = first.clone()
    second[:, :, frame] += 1.0
    with torch.no_grad():
        apart = (network(first)["bounds"] - network(second)["bounds"]).abs()[0] > 0
    return [half.any(-1).nonzero().flatten() for half in apart.chunk(2, -1)]


def test_the_shallow_network_has_3_49_million_parameters():
    network = published()
    assert count(network) == 3_490_116
    assert count(network.cnn) == 1_773_360


def test_the_deep_network_has_18_and_8_convolutions_with_bridges_where_the_width_changes():
    network = published(depth="deep", base=32)
    flat, long = network.cnn.over_bins, network.cnn.over_time
    assert len(flat.layers) == 18 and len(long.layers) == 8
    assert [layer.conv.out_channels for layer in flat.layers][::4] == [32, 64, 128, 256, 512]
    assert sorted(flat.bridges, key=int) == ["4", "8", "12"] and not long.bridges
    assert network.cnn.width == 512 and network.forwards.gru.hidden_size == 512


@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_no_frame_is_pooled(depth):
    network = fb_crnn({"bounds": 6, "clip": 3, "frames": 3}, depth=depth, window=5)
    out = network(features(frames=37, batch=2))
    assert out["bounds"].shape == (2, 37, 6) and network.hop == 0.02
    assert out["clip"].shape == (2, 3) and out["frames"].shape == (2, 37, 3)


def test_forward_scores_do_not_know_the_future_nor_backward_scores_the_past():
    ahead, back = changed(fb_crnn(), frame=30)
    assert ahead.min() == 30 - REACH and ahead.max() == 59
    assert back.min() == 0 and back.max() == 30 + REACH


def test_tags_are_the_mean_of_the_last_forward_and_the_first_backward_score():
    out = fb_crnn({"bounds": 6, "clip": 3})(features())
    squeezed = 1e-5 + (1 - 2e-5) * out["bounds"].sigmoid()
    expected = (squeezed[:, -1, :3] + squeezed[:, 0, 3:]) / 2
    assert torch.allclose(out["clip"], expected)


def test_a_short_windows_tags_are_those_of_both_grus_over_it_alone():
    network = fb_crnn({"bounds": 6, "frames": 3}, window=[5, 9, 5])
    with torch.no_grad():
        scores = of_windows(network, features())[0]
        x = network.cnn(features())
        for frame, own in ((20, [0, 2]), (20, [1])):
            half = network.windows[own[0]] // 2
            part = x[:, frame - half : frame + half + 1]
            ahead, back = network.forwards(part)[0, -1], network.backwards(part)[0, 0]
            expected = (ahead.sigmoid() + back.sigmoid()) / 2
            assert torch.allclose(scores[frame, own], expected[own], atol=1e-4)
        # Half of the first window lies before the clip, and is 0.
        part = torch.nn.functional.pad(x[:, :3], (0, 0, 2, 0))
        ahead, back = network.forwards(part)[0, -1], network.backwards(part)[0, 0]
        expected = (ahead.sigmoid() + back.sigmoid()) / 2
        assert torch.allclose(scores[0, [0, 2]], expected[[0, 2]], atol=1e-4)


def test_many_short_windows_are_heard_in_parts(monkeypatch):
    network = fb_crnn({"bounds": 6, "frames": 3}, window=7)
    with torch.no_grad():
        whole = of_windows(network, features(batch=2))
        monkeypatch.setattr("seldbench_baselines.architectures.fb_crnn.WINDOWS", 13)
        assert torch.allclose(of_windows(network, features(batch=2)), whole, atol=1e-6)


def test_what_a_long_event_sounds_like_is_heard_by_a_short_window_as_far_as_it_reaches():
    network = fb_crnn({"bounds": 6, "frames": 3}, window=5)
    first = features()
    second = first.clone()
    second[:, :, 30] += 1.0
    with torch.no_grad():
        apart = (of_windows(network, first) - of_windows(network, second)).abs()[0].any(-1)
    touched = apart.nonzero().flatten()
    assert touched.min() == 30 - REACH - 2 and touched.max() == 30 + REACH + 2


def test_every_parameter_learns():
    network = fb_crnn(depth="deep").train()
    network(features(batch=2))["bounds"].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize(
    "sizes, arguments, words",
    [
        ({"bound": 6}, {}, r"no head 'bound'.*near: bounds"),
        ({"clip": 3}, {}, "needs a head named 'bounds'"),
        ({"bounds": 7}, {}, "two scores a class"),
        ({"bounds": 6, "clip": 4}, {}, "different classes"),
        ({"bounds": 6}, {"depth": "deeper"}, r"no depth 'deeper'.*near: deep"),
        ({"bounds": 6}, {"window": 10}, "give an odd one"),
        ({"bounds": 6}, {"window": [5, 7]}, "2 windows for 3 classes"),
        ({"bounds": 6}, {"bins": 8}, "leave none of 8 bins"),
    ],
)
def test_what_cannot_be_built_is_said_in_words(sizes, arguments, words):
    with pytest.raises(ValueError, match=words):
        fb_crnn(sizes, **arguments)


def test_a_residual_connection_adds_the_input_of_a_layer_to_that_of_a_later_one():
    cnn = HybridCNN(1, 16, depth="deep", base=2).eval()
    long = cnn.over_time
    for i in (1, 2):  # silence the layers that the first connection skips
        torch.nn.init.zeros_(long.layers[i].conv.weight)
    x = torch.randn(1, long.layers[0].conv.in_channels, 10)
    inputs = []
    long.layers[1].register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    long.layers[3].register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with torch.no_grad():
        long(x)
    assert torch.equal(*inputs)
