"""`seldnet` against frozen outputs of the DCASE 2022, 2023 and 2024 task 3 baselines."""

import pytest
import torch

from seldbench_baselines.architectures.seldnet import ARCHITECTURE, converted

# Arguments, channels, bins and outputs by golden.
MHSA = {"attention": "mhsa"}
UNBOUNDED = {**MHSA, "activations": {"frames": "none"}}
CASES = {
    "dcase2022_foa_accdoa": ({}, 7, 64, 39),
    "dcase2022_foa_multi": ({}, 7, 64, 117),
    "dcase2022_foa_multi_attn": ({"attention": "own", "attention_heads": 4}, 7, 64, 117),
    "dcase2022_mic_gcc_multi": ({}, 10, 64, 117),
    "dcase2022_mic_salsalite_multi": ({}, 7, 382, 117),
    "dcase2023_foa_accdoa": (MHSA, 7, 64, 39),
    "dcase2023_foa_multi": (MHSA, 7, 64, 117),
    "dcase2023_mic_gcc_multi": (MHSA, 10, 64, 117),
    "dcase2024_foa_accdoa": (UNBOUNDED, 7, 64, 52),
    "dcase2024_foa_multi": (UNBOUNDED, 7, 64, 156),
    "dcase2024_mic_gcc_multi": (UNBOUNDED, 10, 64, 156),
}


def seldnet(channels=7, bins=64, sizes=None, **arguments):
    sizes = {"frames": 117} if sizes is None else sizes
    return ARCHITECTURE.build(channels=channels, bins=bins, hop=0.02, sizes=sizes, **arguments)


def case(name):
    arguments, channels, bins, size = CASES[name]
    return seldnet(channels, bins, {"frames": size}, **arguments)


@pytest.mark.parametrize("name", CASES)
def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(golden_model, name):
    golden_model(name).assert_met(
        case(name), converted, lambda model, x: {"output": model(x)["frames"]}
    )


@pytest.mark.parametrize("name", CASES)
def test_has_the_originals_tensors_parameters_and_batch_norms(golden_model, name):
    golden_model(name).assert_has_its_shapes_and_batch_norms(case(name), converted)


@pytest.mark.parametrize(
    "arguments, channels, size, parameters",
    [
        ({}, 7, 39, 594_471),
        ({}, 10, 39, 596_199),
        ({}, 7, 117, 604_533),
        ({}, 10, 117, 606_261),
        (MHSA, 7, 117, 737_141),
        (MHSA, 10, 117, 738_869),
        (MHSA, 7, 156, 742_172),
        (MHSA, 10, 156, 743_900),
    ],
)
def test_the_published_sizes(arguments, channels, size, parameters):
    model = seldnet(channels, 64, {"frames": size}, **arguments)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_salsa_lite_makes_the_recurrent_layer_wide():
    # 382 bins of n_fft 1024, 191 of 512.
    assert [sum(p.numel() for p in seldnet(bins=b).parameters()) for b in (382, 191)] == [
        1_046_901,
        751_989,
    ]


def test_a_released_state_dict_of_53_tensors_loads_strictly(golden_model):
    golden = golden_model("dcase2024_foa_multi")
    state = golden.state() | {
        f"conv_block_list.{i}.bn.num_batches_tracked": torch.tensor(7) for i in (0, 3, 6)
    }
    assert len(state) == 53 and sum(t.numel() for t in state.values()) == 742_559
    model = seldnet(sizes={"frames": 156}, **UNBOUNDED)
    model.load_state_dict(converted(state))
    assert torch.equal(model.heads["frames"][2].weight, state["fnn_list.1.weight"])
    assert int(model.blocks[2].norm.num_batches_tracked) == 7


def test_a_state_dict_of_another_network_is_refused_by_name(golden_model):
    state = golden_model("dcase2024_foa_multi").state()
    with pytest.raises(ValueError, match=r"no tensor 'visual_embed_to_d_model.weight' in SELDnet"):
        converted(state | {"visual_embed_to_d_model.weight": torch.zeros(128, 49)})
    del state["gru.bias_ih_l0"]
    with pytest.raises(RuntimeError, match=r"gru\.bias_ih_l0"):
        seldnet(sizes={"frames": 156}, **UNBOUNDED).load_state_dict(converted(state))


def test_five_seconds_are_50_label_frames_of_100_ms():
    model = seldnet().eval()
    assert model.hop == pytest.approx(0.1)
    assert model(torch.zeros(2, 7, 250, 64))["frames"].shape == (2, 50, 117)


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        out = seldnet(**MHSA)(torch.randn(1, 7, 50, 64))
    assert out["frames"].dtype == torch.float32


def test_tanh_bounds_a_head_unless_it_has_no_activation():
    x = 100 * torch.randn(1, 7, 50, 64)
    torch.manual_seed(0)
    bounded = seldnet()
    unbounded = seldnet(activations={"frames": "none"})
    unbounded.load_state_dict(bounded.state_dict())
    for model in (bounded, unbounded):
        model.eval().heads["frames"][2].weight.data *= 50
    assert float(bounded(x)["frames"].detach().abs().max()) <= 1
    assert float(unbounded(x)["frames"].detach().abs().max()) > 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"attention": "mhas"}, "no attention 'mhas'.*near: mhsa"),
        ({"activations": {"frame": "none"}}, "no head 'frame'.*near: frames"),
        ({"activations": {"frames": "tan"}}, "'tan'.*near: tanh"),
        ({"bins": 16}, "leave no bins"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        seldnet(**arguments)
