"""`bicrnn`: its size, and how it is told a clip's tags."""

import pytest
import torch

from seldbench_baselines.architectures.bicrnn import ARCHITECTURE

BINS, CLASSES = 32, 3
SIZES = {"frames": CLASSES}


def bicrnn(sizes=SIZES, **arguments):
    torch.manual_seed(0)
    arguments = {"base": 2, "hidden": 8, **arguments}
    return ARCHITECTURE.build(channels=1, bins=BINS, hop=0.02, sizes=sizes, **arguments).eval()


def features(frames=40, batch=2):
    return torch.randn(batch, 1, frames, BINS, generator=torch.Generator().manual_seed(1))


def published(**arguments):
    network = ARCHITECTURE.build(channels=1, bins=128, hop=0.02, sizes={"frames": 10}, **arguments)
    return sum(p.numel() for p in network.parameters())


def test_the_network_has_3_88_million_parameters():
    assert published() == 3_879_994


def test_tags_cost_ten_channels_at_both_stacks_and_at_the_gru():
    # 3 x 3 x 10 x 16; 10 x 256; 10 x 3 x 256 in each direction.
    assert published(tag_conditioned=True) == 3_879_994 + 1440 + 2560 + 15360


def test_every_frame_has_an_answer_and_the_clips_is_the_largest():
    out = bicrnn({"frames": 3, "clip": 3})(features())
    assert out["frames"].shape == (2, 40, 3)
    assert torch.equal(out["clip"], out["frames"].sigmoid().amax(1))


def test_every_frame_hears_the_whole_clip():
    first = features()
    second = first.clone()
    second[:, :, 20] += 1.0
    network = bicrnn()
    with torch.no_grad():
        apart = (network(first)["frames"] - network(second)["frames"]).abs().sum(-1)
    assert apart.min() > 0


@pytest.mark.parametrize("part", ["over_bins", "over_time", "gru"])
def test_a_tag_changes_the_clips_answer_through_each_of_its_three_ways(part):
    network = bicrnn(tag_conditioned=True)
    ways = {
        "over_bins": network.cnn.over_bins.layers[0].conv.weight[:, -CLASSES:],
        "over_time": network.cnn.over_time.layers[0].conv.weight[:, -CLASSES:],
        "gru": torch.cat([network.gru.weight_ih_l0, network.gru.weight_ih_l0_reverse])[
            :, -CLASSES:
        ],
    }
    assert all(float(way.detach().abs().max()) > 0 for way in ways.values())
    with torch.no_grad():
        network.gru.weight_ih_l0[:, -CLASSES:] *= part == "gru"
        network.gru.weight_ih_l0_reverse[:, -CLASSES:] *= part == "gru"
        network.cnn.over_bins.layers[0].conv.weight[:, -CLASSES:] *= part == "over_bins"
        network.cnn.over_time.layers[0].conv.weight[:, -CLASSES:] *= part == "over_time"
        without = network(features(), tags=torch.zeros(2, 3))["frames"]
        told = network(features(), tags=torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))["frames"]
    assert (told[0] - without[0]).abs().max() > 0
    assert torch.equal(told[1], without[1])


def test_a_tag_counts_where_its_score_is_above_a_half():
    network = bicrnn(tag_conditioned=True)
    scores = torch.tensor([[0.51, 0.5, 0.0], [0.2, 0.9, 0.99]])
    labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    with torch.no_grad():
        first, second = network(features(), tags=scores), network(features(), tags=labels)
    assert torch.equal(first["frames"], second["frames"])


def test_a_conditioned_network_is_given_tags_and_another_is_not():
    with pytest.raises(ValueError, match=r"name where they come from in `inputs\.tags`"):
        bicrnn(tag_conditioned=True)(features())
    with pytest.raises(ValueError, match="it is not tag_conditioned"):
        bicrnn()(features(), tags=torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"tags are \(2, 4\), not \(2, 3\)"):
        bicrnn(tag_conditioned=True)(features(), tags=torch.zeros(2, 4))


def test_every_parameter_learns():
    network = bicrnn(tag_conditioned=True, depth="deep").train()
    network(features(), tags=torch.ones(2, 3))["frames"].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize(
    "sizes, words",
    [
        ({"frame": 3}, r"no head 'frame'.*near: frames"),
        ({"clip": 3}, "needs a head named 'frames'"),
        ({"frames": 3, "clip": 2}, "different classes"),
    ],
)
def test_what_cannot_be_built_is_said_in_words(sizes, words):
    with pytest.raises(ValueError, match=words):
        bicrnn(sizes)
