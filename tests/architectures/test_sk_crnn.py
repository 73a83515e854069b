"""`sk_crnn`: how its branches are chosen, and its size."""

import pytest
import torch

from seldbench_baselines.architectures.sk_crnn import ARCHITECTURE, SelectiveKernel

SMALL = {"widths": (4, 6, 8), "pools": ((2, 4), (2, 4), (1, 8)), "hidden": 8}


def sk_crnn(**arguments):
    given = {"channels": 1, "bins": 128, "hop": 0.016, "sizes": {"frames": 10, "clip": 10}}
    return ARCHITECTURE.build(**(given | arguments))


def unit(width=6):
    torch.manual_seed(3)
    return SelectiveKernel(3, width, reduction=16, narrowest=4, bn_momentum=0.99).eval()


def branches(selective, x):
    return [branch(x) for branch in selective.branches]


def test_the_size_of_the_specification():
    assert sum(p.numel() for p in sk_crnn().parameters()) == 6_707_892


def test_weights_of_the_branches_sum_to_one_in_every_channel():
    selective = unit()
    weights = torch.stack(selective.weights(branches(selective, torch.randn(2, 3, 9, 7))))
    assert weights.shape == (2, 2, 6)
    assert torch.allclose(weights.sum(0), torch.ones(2, 6))
    assert (weights[0] - weights[1]).abs().max() > 1e-3


def test_the_output_is_the_weighted_sum_of_the_branches():
    selective, x = unit(), torch.randn(2, 3, 9, 7)
    small, large = branches(selective, x)
    one, other = (w[:, :, None, None] for w in selective.weights([small, large]))
    assert torch.allclose(selective(x), one * small + other * large, atol=1e-6)


def test_a_branch_that_always_wins_is_heard_alone():
    selective, x = unit(), torch.randn(2, 3, 9, 7)
    torch.nn.init.constant_(selective.select[1].bias, 100.0)
    assert torch.allclose(selective(x), branches(selective, x)[1], atol=1e-6)


def test_the_branches_hear_three_and_five_bins():
    for branch, reach in zip(unit().branches, (1, 2)):
        x = torch.zeros(1, 3, 11, 11)
        x[:, :, 5, 5] = 10.0
        convolution = branch[0]
        heard = (convolution(x) - convolution(torch.zeros_like(x))).abs().sum((0, 1)) > 1e-6
        rows = heard.any(1).nonzero().flatten()
        assert rows.tolist() == [5 - reach, 5, 5 + reach]


def test_weights_hear_the_whole_clip_and_not_where_in_it():
    selective, x = unit(), torch.randn(1, 3, 9, 7)
    parts = branches(selective, x)
    turned = [part.flip(2, 3) for part in parts]
    for weight, same in zip(selective.weights(parts), selective.weights(turned)):
        assert torch.allclose(weight, same, atol=1e-6)


def test_the_first_block_is_plain_and_the_others_choose():
    kinds = [isinstance(block.conv, SelectiveKernel) for block in sk_crnn(**SMALL).blocks]
    assert kinds == [False, True, True]


def test_a_clip_does_not_hear_its_batch_mates():
    model = sk_crnn(**SMALL).eval()
    x = torch.randn(3, 1, 40, 128)
    together, alone = model(x), model(x[1:2])
    for head in ("frames", "clip"):
        assert torch.allclose(together[head][1:2], alone[head], atol=1e-6)


def test_channels_last_in_memory_gives_the_same_outputs():
    model, x = sk_crnn(**SMALL).eval(), torch.randn(2, 1, 40, 128)
    plain = model(x)
    last = model.to(memory_format=torch.channels_last)(x)
    for head in ("frames", "clip"):
        assert torch.allclose(plain[head], last[head], atol=1e-6)


def test_ten_seconds_are_156_label_frames_of_64_ms():
    model = sk_crnn(**SMALL | {"pools": ((2, 4), (2, 4), (1, 8))}).eval()
    out = model(torch.zeros(1, 1, 626, 128))
    assert model.hop == pytest.approx(0.064)
    assert out["frames"].shape == (1, 156, 10) and out["clip"].shape == (1, 10)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"gate": "gl"}, "sk_crnn: no gate 'gl'.*near: glu"),
        ({"clip": "attention"}, "sk_crnn: no clip pooling 'attention'"),
        ({"widths": (16, 32)}, "sk_crnn: 2 widths but 7 pools"),
        ({"sizes": {"clip": 10}}, "needs a head named 'frames'"),
        ({"reduction": 0}, "sk_crnn: .*reduction 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sk_crnn(**arguments)
