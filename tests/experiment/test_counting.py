"""Multiply-accumulates are those counted by hand, layer by layer."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from seldbench import registry
from seldbench.experiment.counting import Memory, counting
from seldbench_baselines.architectures.fdy_crnn import DynamicConv
from seldbench_baselines.ast_encoder import of_first, vit_block
from seldbench_baselines.blocks import Stitch
from seldbench_baselines.gated import ContextGate
from seldbench_baselines.separation import Classifier, MaskUNet


def macs(module, *heard, **also):
    """{kind: MACs} of a module at work."""
    with counting(module.eval()) as found:
        module(*heard, **also)
    return dict(found)


def test_a_grouped_convolution_hears_its_group_alone():
    conv = nn.Conv1d(6, 9, 5, groups=3, stride=2, padding=2)
    assert macs(conv, torch.zeros(2, 6, 20)) == {"convolution": 2 * 10 * 9 * (6 // 3) * 5}


def test_a_depthwise_separable_convolution_in_two_dimensions():
    depthwise = nn.Conv2d(8, 8, (3, 5), padding=(1, 2), groups=8)
    pointwise = nn.Conv2d(8, 16, 1)
    places = 10 * 12
    found = macs(nn.Sequential(depthwise, pointwise), torch.zeros(1, 8, 10, 12))
    assert found == {"convolution": places * (8 * 3 * 5 + 8 * 16)}


def test_a_transposed_convolution_has_its_kernel_at_every_place_of_its_input():
    up = nn.ConvTranspose2d(6, 4, (2, 3), stride=2, groups=2)
    assert macs(up, torch.zeros(3, 6, 7, 5)) == {"convolution": 3 * 7 * 5 * 6 * (4 // 2) * 2 * 3}


def test_dilation_adds_nothing():
    dilated = nn.Conv1d(2, 3, 3, dilation=4, padding=4)
    assert macs(dilated, torch.zeros(1, 2, 30)) == {"convolution": 30 * 2 * 3 * 3}


def test_a_linear_layer_hears_every_frame():
    assert macs(nn.Linear(7, 5), torch.zeros(3, 11, 7)) == {"linear": 3 * 11 * 7 * 5}


def test_a_linear_layer_over_channels_is_linear_in_whatever_order_they_lie():
    gate = ContextGate(6)
    places, width = 2 * 4 * 5, 6
    for heard in (torch.zeros(2, 6, 4, 5), torch.zeros(2, 4, 5, 6).permute(0, 3, 1, 2)):
        found = macs(gate, heard)
        assert found == {"linear": places * width**2, "other": places * width}  # and the gate


@pytest.mark.parametrize(("make", "gates"), [(nn.GRU, 3), (nn.LSTM, 4), (nn.RNN, 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrences_of_two_layers(make, gates, directions):
    frames, batch, inputs, hidden = 7, 2, 5, 4
    layers = make(inputs, hidden, 2, bidirectional=directions == 2, batch_first=True)
    first = gates * hidden * (inputs + hidden)
    second = gates * hidden * (directions * hidden + hidden)
    by_hand = {"recurrence": batch * frames * directions * (first + second)}
    assert macs(layers, torch.zeros(batch, frames, inputs)) == by_hand
    with counting(layers.train()) as training:  # the fused kernel of an LSTM is for no training
        layers(torch.zeros(batch, frames, inputs))
    assert dict(training) == by_hand


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_recurrent_cells_and_projections():
    assert macs(nn.GRUCell(5, 4), torch.zeros(3, 5)) == {"recurrence": 3 * 3 * 4 * (5 + 4)}
    projected = nn.LSTM(5, 8, proj_size=2)
    by_hand = 7 * (4 * 8 * (5 + 2) + 8 * 2)
    assert macs(projected, torch.zeros(7, 1, 5)) == {"recurrence": by_hand}


def test_clips_of_two_lengths_are_counted_by_their_own_frames():
    gru = nn.GRU(5, 4, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(torch.zeros(2, 9, 5), [9, 4], batch_first=True)
    assert macs(gru, packed) == {"recurrence": (9 + 4) * 3 * 4 * (5 + 4)}


def test_the_fused_recurrence_of_a_gpu_by_its_matrices():
    gru = nn.GRU(5, 4, 2, bidirectional=True).to("meta")  # shapes alone: no GPU is needed
    heard, state = torch.zeros(7, 2, 5, device="meta"), torch.zeros(4, 2, 4, device="meta")
    of_gru = (3, 4, 0, 2, False, 0.0, False, True, [], None)  # hidden 4, 2 layers, both ways
    with counting(gru) as found:
        torch.ops.aten._cudnn_rnn(heard, gru._flat_weights, 4, None, state, None, *of_gru)
    assert dict(found) == {"recurrence": 2 * 7 * 2 * 3 * 4 * ((5 + 4) + (8 + 4))}


@pytest.mark.parametrize("training", [False, True])  # at rest it is one operation, not known inside
def test_multi_head_attention(training):
    batch, frames, width = 2, 9, 8
    layer = nn.MultiheadAttention(width, 4, batch_first=True).train(training)
    x = torch.zeros(batch, frames, width)
    with counting(layer) as found:
        layer(x, x, x)
    scores_and_sums = batch * 2 * frames**2 * width
    assert found["linear"] == batch * frames * 4 * width**2  # query, key, value, and output
    assert found["attention"] == scores_and_sums
    assert set(found) <= {"linear", "attention", "other"}


def test_attention_to_other_frames_than_its_own():
    layer = nn.MultiheadAttention(8, 2, kdim=6, vdim=5, batch_first=True)
    found = macs(layer, torch.zeros(1, 4, 8), torch.zeros(1, 9, 6), torch.zeros(1, 9, 5))
    assert found["linear"] == 4 * 8 * 8 + 9 * 6 * 8 + 9 * 5 * 8 + 4 * 8 * 8
    assert found["attention"] == 2 * 4 * 9 * 8


def test_a_whole_layer_of_a_transformer_is_counted_at_rest_too():
    layer = nn.TransformerEncoderLayer(8, 2, 20, batch_first=True)
    found = macs(layer, torch.zeros(1, 9, 8))
    assert found["linear"] == 9 * (4 * 8 * 8 + 2 * 8 * 20)
    assert found["attention"] == 2 * 9 * 9 * 8


@pytest.mark.parametrize("kernel", ["math", "any"])
def test_scaled_dot_products(kernel):
    query, key, value = torch.zeros(2, 3, 5, 8), torch.zeros(2, 3, 7, 8), torch.zeros(2, 3, 7, 8)
    with counting() as found:
        if kernel == "math":
            functional.scaled_dot_product_attention(query, key, value)
        else:  # what torch takes by itself on a CPU
            torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)
    assert dict(found) == {"attention": 2 * 3 * 5 * 7 * (8 + 8)}


def test_sums_over_named_axes_are_linear_with_a_weight_and_attention_without():
    x, weight = torch.zeros(2, 5, 6), nn.Linear(6, 3, bias=False)
    with counting(weight) as found:
        torch.einsum("btc,kc->btk", x, weight.weight)
        torch.einsum("bqc,bkc->bqk", x, x)
    assert dict(found) == {"linear": 2 * 5 * 6 * 3, "attention": 2 * 5 * 5 * 6}


def test_a_matrix_with_a_vector():
    with counting() as found:
        torch.zeros(4, 6) @ torch.zeros(6)
    assert sum(found.values()) == 4 * 6


def test_a_block_of_m2m_ast():
    tokens, width = 12, 16
    block = vit_block(width, 4).eval()
    found = macs(block, torch.zeros(2, tokens, width))
    assert found["linear"] == 2 * tokens * (3 + 1 + 4 + 4) * width**2
    assert found["attention"] == 2 * 2 * tokens**2 * width
    with counting(block) as last:  # the last block answers for the first tokens alone
        of_first(block, 3, torch.zeros(2, tokens, width))
    assert last["linear"] == 2 * (tokens * 2 + 3 * (1 + 1 + 4 + 4)) * width**2
    assert last["attention"] == 2 * 2 * 3 * tokens * width


def test_a_frequency_dynamic_convolution_weighs_and_mixes_its_kernels():
    channels, width, kernels, frames, bins = 8, 6, 4, 10, 12
    conv = DynamicConv(channels, width, kernels=kernels, temperature=31.0, pool_dim="time")
    found = macs(conv, torch.zeros(1, channels, frames, bins))
    convolved = kernels * width * channels * 9 * frames * bins
    weighed = bins * (4 * channels * 3 + kernels * 4)  # hidden: no fewer than 4
    mixed = kernels * width * frames * bins
    assert found == {"convolution": convolved + weighed, "other": mixed}


def test_gates_are_other_and_scaling_by_a_number_is_nothing():
    with counting() as found:
        x = torch.zeros(2, 5)
        _ = x * torch.zeros(5) + x * 3 + x / 2
        _ = x.isfinite() * (x > 0)
    assert dict(found) == {"other": 2 * 5}
    stitch = Stitch(3, "parallel")
    assert macs(stitch, torch.zeros(1, 3, 4), torch.zeros(1, 3, 4)) == {"other": 4 * 3 * 4}


@pytest.mark.parametrize("frame", [64, 400])
def test_a_real_transform_by_the_convention(frame):
    with counting() as found:
        torch.fft.rfft(torch.zeros(7, frame))
        torch.fft.irfft(torch.zeros(7, frame // 2 + 1, dtype=torch.complex64))
    assert found["fft"] == 2 * round(7 * 5 / 4 * frame * math.log2(frame))
    with counting() as found:
        torch.fft.fft(torch.zeros(7, frame, dtype=torch.complex64))
    assert found["fft"] == round(7 * 5 / 2 * frame * math.log2(frame))


def test_the_features_of_the_seld_baselines():
    features = registry.find("features", "logmel")(layout="foa", standardise="none")
    with counting(features) as found:
        features.spectrum(torch.zeros(1, 4, 24000))  # 50 frames, 513 FFT bins, 64 bands
    frames = 4 * 50
    assert found["fft"] == frames * 5 / 4 * 1024 * 10
    assert found["other"] == frames * (1024 + 2 * 513)  # the window, and the power
    heard = [
        (rows.stop - rows.start) * (own.stop - own.start) for rows, own in features.bands.groups
    ]
    assert found["linear"] == frames * sum(heard)


def test_the_parts_of_overlapping_learning():
    # Their own counts: 3.53, 4.55 and 2.47 GFLOP, a multiplication and an addition being two.
    image = torch.zeros(1, 15, 256, 256)
    widths = [15, 64, 64, 128, 128, 256, 256, 512, 512]
    sides = [256 // 2**level for level in range(8)]
    by_hand = sum(9 * i * o * s * s for i, o, s in zip(widths, widths[1:], sides))
    found = macs(Classifier(15, 8, width=64, dropout=0.3), image)
    assert found["convolution"] == by_hand
    assert found["linear"] == 512 * 1024 + 1024 * 8
    assert 2 * sum(found.values()) / 1e9 == pytest.approx(3.53, abs=0.005)
    found = macs(Classifier(1, 75, width=64, dropout=0.3), image[:, :1])
    assert 2 * sum(found.values()) / 1e9 == pytest.approx(2.47, abs=0.005)
    found = macs(MaskUNet(23, width=64), torch.zeros(1, 23, 256, 256))
    assert found["other"] == 256 * 256  # the mask
    assert 2 * sum(found.values()) / 1e9 == pytest.approx(4.55, abs=0.005)


def test_counts_end_with_their_block():
    layer = nn.Linear(3, 3)
    fast = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(RuntimeError), counting(layer) as found:
        layer(torch.zeros(1, 4))
    layer(torch.zeros(1, 3))
    assert not found
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_memory_is_what_is_alive_at_once():
    thousand = 1000 * 4
    layers = nn.Sequential(*(nn.Conv1d(4, 4, 1) for _ in range(5)))
    with torch.no_grad(), Memory(layers) as held:
        layers(torch.zeros(1, 4, 250))
    assert held.peak == 3 * thousand  # the input, which was made here too, a result and the next
    assert held.now == 0
