"""`overlap_e2e`: its sizes, its mask and gate by hand, and what passes from part to part."""

import math

import pytest
import torch
from torch import nn

from seldbench.experiment.beginning import begin
from seldbench.recipe import Origin, recipe_file, resolve
from seldbench.training import checkpoint
from seldbench_baselines.architectures.overlap_e2e import ARCHITECTURE
from seldbench_baselines.separation import Classifier, Gate, MaskUNet

BINS, HOP = 256, 0.016
SIZES = {"direction": 8, "spectrogram": BINS, "class": 75}
OF = {"ssl": "direction", "sss": "spectrogram", "ssc": "class"}


def built(parts=("ssl", "sss", "ssc"), *, width=2, sizes=None, channels=None, **arguments):
    parts = list(parts)
    sizes = sizes or {OF[part]: SIZES[OF[part]] for part in parts}
    channels = channels or (1 if parts == ["ssc"] else 15)
    torch.manual_seed(0)
    given = {"parts": parts, "width": width, **arguments}
    return ARCHITECTURE.build(channels=channels, bins=BINS, hop=HOP, sizes=sizes, **given).eval()


def features(batch=2, channels=15, frames=256):
    draw = torch.Generator().manual_seed(1)
    return torch.rand(batch, channels, frames, BINS, generator=draw)


def north(batch=2, k=3):
    return nn.functional.one_hot(torch.full((batch,), k), 8).float()


def count(network):
    return sum(p.numel() for p in network.parameters())


def heard_by(module):
    """What a module is given, call by call."""
    given = []
    module.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    return given


# The paper's blocks with the widths of public code.


def test_the_whole_network_has_32_million_parameters():
    network = built(width=64, overlap=True)
    assert count(network.ssl) == 5_229_640
    assert count(network.sss_a) == count(network.sss_b) == 10_812_993
    assert count(network.ssc) == 5_290_251
    assert count(network.gate) == 0
    assert count(network) == 32_145_877


def test_the_published_u_net_leaves_its_deepest_level_out():
    network = built(["sss"], width=64, bypass_bottleneck=True)
    assert count(network) == 9_764_417


def test_a_part_alone_is_as_large_as_in_the_whole():
    alone = {"ssl": 5_229_640, "sss": 10_812_993, "ssc": 5_290_251}
    assert {part: count(built([part], width=64)) for part in alone} == alone


def test_a_width_of_32_is_a_quarter_of_the_parameters():
    assert count(built(overlap=True, width=32)) / 32_145_877 == pytest.approx(0.25, abs=0.01)


# Shapes.


@pytest.mark.parametrize(
    "parts", [["ssl"], ["sss"], ["ssc"], ["ssl", "sss"], ["sss", "ssc"], ["ssl", "sss", "ssc"]]
)
def test_any_successive_parts_say_what_they_are_for(parts):
    network = built(parts)
    given = {"direction": north()} if parts[0] == "sss" else {}
    said = network(features(channels=1 if parts == ["ssc"] else 15), **given)
    shapes = {"direction": (2, 8), "spectrogram": (2, 256, 1, 256), "class": (2, 75)}
    assert {k: tuple(v.shape) for k, v in said.items()} == {OF[p]: shapes[OF[p]] for p in parts}
    assert [name for name, _ in network.named_children()] == parts and network.hop == HOP


def test_an_overlap_says_the_answer_and_both_branches():
    network = built(overlap=True)
    said = network(features())["spectrogram"]
    assert said.shape == (2, 256, 3, 256)
    assert torch.equal(said[:, :, 0], network.gate(said[:, :, 1], said[:, :, 2]))
    names = [name for name, _ in network.named_children()]
    assert names == ["ssl", "sss_a", "sss_b", "gate", "ssc"]


def test_directions_and_classes_are_probabilities():
    one, any_ = built(), built(directions="any")
    said = one(features())
    for head in ("direction", "class"):
        assert torch.allclose(said[head].sum(1), torch.ones(2))
    said = any_(features(), direction=north())["direction"]
    assert torch.all((said > 0) & (said < 1)) and not torch.allclose(said.sum(1), torch.ones(2))
    assert torch.allclose(said / (1 - said), any_.ssl(features()).exp(), rtol=1e-4)


def test_separation_hears_other_lengths_that_can_be_halved_six_times():
    network = built(["sss"])
    said = network(features(frames=64), direction=north())["spectrogram"]
    assert said.shape == (2, 64, 1, 256)
    with pytest.raises(ValueError, match=r"SSS halves 96 frames x 256 bins .* multiples of 64"):
        network(features(frames=96), direction=north())


def test_the_positions_of_a_longer_window_are_averaged():
    network = built(["ssl"])
    with torch.no_grad():
        first = network.ssl.layers(features(frames=512)).mean((2, 3))
        assert torch.allclose(network.ssl.dense(first), network.ssl(features(frames=512)))
    with pytest.raises(ValueError, match="SSL and SSC halve 128 frames x 256 bins"):
        network(features(frames=128))


# By hand.


def test_the_mask_of_a_small_u_net_by_hand():
    net = MaskUNet(2, width=1).eval()
    x = torch.rand(1, 2, 64, 64)
    nn.init.zeros_(net.last.weight)
    nn.init.constant_(net.last.bias, math.log(3.0))
    assert torch.allclose(net(x), 0.75 * x[:, 0])  # sigmoid(log 3) of the first channel


def test_each_layer_of_the_decoder_hears_the_one_below_and_the_encoder_beside_it():
    net = MaskUNet(3, width=1).eval()
    x = torch.rand(1, 3, 64, 128)
    outputs = {}
    for name, layer in net.named_modules():
        layer.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
    last = heard_by(net.last)
    inner = [heard_by(layer) for layer in net.decoder]
    net(x)
    assert torch.equal(inner[0][0], outputs["encoder.5"])
    assert inner[0][0].shape == (1, 8, 1, 2)
    for i in range(1, 5):
        both = torch.cat([outputs[f"decoder.{i - 1}"], outputs[f"encoder.{5 - i}"]], dim=1)
        assert torch.equal(inner[i][0], both)
    assert torch.equal(last[0], torch.cat([outputs["decoder.4"], outputs["encoder.0"]], dim=1))


def test_past_the_deepest_level_its_weights_do_nothing():
    net, x = MaskUNet(2, width=1, bypass=True).eval(), torch.rand(1, 2, 64, 64)
    before = net(x)
    for layer in (net.encoder[5], net.decoder[0]):
        nn.init.ones_(layer[0].weight)
    assert torch.equal(net(x), before)
    nn.init.ones_(net.encoder[4][0].weight)
    assert not torch.equal(net(x), before)


def test_a_classifier_is_eight_convolutions_with_relu_and_maxima_then_two_dense_layers():
    net, x = Classifier(1, 5, width=1, dropout=0.3).eval(), torch.rand(2, 1, 256, 256)
    y = x
    for layer in net.layers:
        conv, norm = layer[0], layer[1]
        y = nn.functional.max_pool2d(norm(conv(y)).relu(), 2)
    first, _, _, second = net.dense
    assert y.shape == (2, 8, 1, 1)
    assert torch.allclose(net(x), second(first(y.flatten(1)).relu()), atol=1e-6)


def test_the_softmax_gate_by_hand():
    a, b = torch.tensor([[[1.0, 0.2]]]), torch.tensor([[[0.0, 0.2]]])
    weight = math.e / (math.e + 1)  # 0.73: of 1 against 0
    found = Gate("softmax")(a, b)
    assert found[0, 0].tolist() == pytest.approx([weight, 0.2])
    assert Gate("softmax")(b, a)[0, 0, 0] == pytest.approx(weight)  # the larger one, not the first


def test_weights_of_the_softmax_gate_lie_between_27_and_73_per_cent():
    a, b = torch.rand(2, 64, 64), torch.rand(2, 64, 64)
    weight = (Gate("softmax")(a, b) - b) / (a - b)
    clear = (a - b).abs() > 1e-2
    assert weight[clear].min() > 0.268 and weight[clear].max() < 0.732


def test_other_gates_begin_at_the_mean_or_are_one_of_the_two():
    a, b = torch.rand(1, 64, 64), torch.rand(1, 64, 64)
    for kind in ("conv", "scalar", "mean"):
        assert torch.allclose(Gate(kind)(a, b), (a + b) / 2)
    assert torch.equal(Gate("a")(a, b), a) and torch.equal(Gate("b")(a, b), b)
    assert [count(Gate(kind)) for kind in ("conv", "scalar", "mean", "softmax")] == [6, 2, 0, 0]


@pytest.mark.parametrize("kind", ["softmax", "conv", "scalar", "mean", "a", "b"])
def test_a_gate_joins_the_branches_of_the_whole(kind):
    network = built(overlap=True, gate=kind)
    said = network(features())["spectrogram"]
    low, high = said[:, :, 1:].amin(2), said[:, :, 1:].amax(2)
    assert torch.all((said[:, :, 0] >= low - 1e-6) & (said[:, :, 0] <= high + 1e-6))


# From part to part.


def test_the_direction_is_a_map_beside_the_features():
    network, x = built(["sss"]), features()
    heard = heard_by(network.sss)
    network(x, direction=north(k=3))
    assert heard[0].shape == (2, 23, 256, 256) and torch.equal(heard[0][:, :15], x)
    assert torch.all(heard[0][:, 15 + 3] == 1)
    assert heard[0][:, 15:].sum() == 2 * 256 * 256


@pytest.mark.parametrize("link", ["soft", "hard"])
def test_a_soft_link_passes_all_scores_on_and_a_hard_one_the_largest(link):
    network = built(["ssl", "sss"], link=link)
    heard = heard_by(network.sss)
    said = network(features())["direction"]
    expected = said if link == "soft" else nn.functional.one_hot(said.argmax(1), 8).float()
    assert torch.equal(heard[0][:, 15:, 7, 9], expected)


@pytest.mark.parametrize("overlap", [False, True])
def test_a_gradient_flows_back_through_soft_links_alone(overlap):
    for link in ("soft", "hard"):
        network = built(link=link, overlap=overlap)
        network(features())["class"][:, 0].sum().backward()
        flows = [p.grad is not None and bool(p.grad.any()) for p in network.ssl.parameters()]
        assert any(flows) == (link == "soft")
        of_sss = network.get_submodule("sss_b" if overlap else "sss")
        assert any(bool(p.grad.any()) for p in of_sss.parameters() if p.grad is not None)


def test_a_given_direction_stands_in_the_place_of_what_ssl_says():
    for link in ("soft", "hard"):
        network = built(link=link)
        heard = heard_by(network.sss)
        said = network(features(), direction=north())
        assert torch.equal(heard[0][:, 15:, 0, 0], north())
        assert torch.equal(said["direction"], network(features())["direction"])


def test_of_any_source_the_map_is_how_much_the_asked_for_direction_is_there():
    for link in ("soft", "hard"):
        network = built(link=link, directions="any")
        heard = heard_by(network.sss)
        posterior = network(features(), direction=north())["direction"]
        expected = posterior * north() if link == "soft" else north()
        assert torch.equal(heard[0][:, 15:, 0, 0], expected)
    alone = built(["sss", "ssc"], directions="any")
    heard = heard_by(alone.sss)
    alone(features(), direction=north())
    assert torch.equal(heard[0][:, 15:, 0, 0], north())


def test_of_any_source_nothing_but_directions_is_said_where_none_is_asked_for():
    network = built(directions="any", overlap=True)
    said = network(features())
    assert list(said) == ["direction"]
    assert torch.equal(said["direction"], network(features(), direction=north())["direction"])


@pytest.mark.parametrize("overlap", [False, True])
def test_a_true_separation_stands_in_the_place_of_the_separation_s(overlap):
    network, truth = built(overlap=overlap), torch.rand(2, 256, 256)
    heard = heard_by(network.ssc)
    said = network(features(), separated=truth)
    assert torch.equal(heard[0], truth[:, None])
    assert torch.equal(said["spectrogram"][:, :, 0], truth)
    assert torch.equal(said["direction"], network(features())["direction"])
    of_any = built(overlap=overlap, directions="any")
    assert set(of_any(features(), separated=truth)) == set(said)


def test_classification_alone_hears_the_target_s_image_as_it_does_in_the_whole():
    network, image = built(["ssc"]), torch.rand(2, 1, 256, 256)
    assert torch.equal(network(image)["class"], network.ssc(image).softmax(1))


def test_every_parameter_learns():
    network = built(overlap=True, gate="conv").train()
    said = network(features())
    terms = [said["direction"], said["spectrogram"], said["class"] * 100]
    sum(t.square().mean() for t in terms).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_half_precision_says_float32_and_nearly_the_same():
    network = built(overlap=True)
    exact = network(features())
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(features())
    for head, value in rough.items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, exact[head], atol=0.05)


# Parts of stages start from parts of others.


@pytest.mark.parametrize("variant", ["overlapped", "ssl+sss_ssc", "cascade", "overlapped@all"])
def test_each_part_starts_from_the_part_that_the_recipe_names(variant, tmp_path):
    path = recipe_file("overlap_e2e", "mix75-sim")
    recipe = resolve(path, "mix75-sim", variant, {"model.width": 2})
    stage = recipe.stage
    weights, parents = {}, {}
    for number, name in enumerate(stage.parents):
        parent = built(**of(recipe.stages[name]))
        for i, p in enumerate(parent.parameters()):
            nn.init.constant_(p, 1000 * number + i)
        weights[name], parents[name] = parent, tmp_path / f"{name}.safetensors"
        checkpoint.save(parents[name], parent.state_dict(), {})
    network = built(**of(stage))
    begin(network, stage, parents)
    filled = set()
    for part, origin in stage.init.items():
        assert isinstance(origin, Origin)
        theirs = weights[origin.stage].get_submodule(origin.part).state_dict()
        for name, tensor in network.get_submodule(part).state_dict().items():
            assert torch.equal(tensor, theirs[name])
            filled.add(f"{part}.{name}")
    assert filled == set(network.state_dict())  # nothing is left at random


def of(stage):
    arguments = dict(stage.model)
    sizes = {head: SIZES[head] for head in stage.heads}
    channels = 1 if stage.features.name == "log_magnitude" else 15
    return {"sizes": sizes, "channels": channels, **arguments}


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"parts": ["ssl", "ssc"]}, "name one, or successive ones in the order of ssl, sss, ssc"),
        ({"parts": ["sss", "ssl"]}, "successive ones"),
        ({"parts": []}, "name one"),
        ({"parts": ["ssd"], "sizes": {"direction": 8}}, r"no part 'ssd'.*near: ss"),
        ({"parts": ["ssl"], "overlap": True}, "overlap = true makes two of `sss`"),
        ({"link": "sofd"}, r"no link 'sofd'.*near: soft"),
        ({"directions": "two"}, "no directions 'two'"),
        ({"overlap": True, "gate": "men"}, r"no gate 'men'.*near: mean"),
        ({"sizes": {"direction": 8}}, "`ssc` needs its head, 'class'"),
        ({"parts": ["ssl"], "sizes": {"class": 4}}, "head 'class' is of 'ssc', not built"),
        ({"sizes": {"classes": 4}}, r"no head 'classes'.*near: class"),
        ({"parts": ["ssc"], "channels": 15}, "SSC alone hears the image of a source, not 15"),
        ({"parts": ["ssl"], "count": 4}, "head 'direction' has 4 outputs, not 8"),
        ({"parts": ["sss"], "sizes": {"spectrogram": 128}}, "'spectrogram' has 256 outputs"),
    ],
)
def test_what_cannot_be_built_is_said_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        built(**arguments)


def test_inputs_that_are_missing_or_that_no_part_takes_are_refused():
    with pytest.raises(ValueError, match="SSS needs a direction"):
        built(["sss", "ssc"])(features())
    with pytest.raises(ValueError, match="no part takes 'direction'"):
        built(["ssl"])(features(), direction=north())
    with pytest.raises(ValueError, match="no part takes 'separated'"):
        built(["ssc"])(features(channels=1), separated=torch.rand(2, 256, 256))
