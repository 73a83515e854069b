"""FB-CRNN, BiCRNN, their features and their losses against frozen outputs of fgnt/pb_sed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench.features.logmel_pb import SMALLEST, LogMelPb
from seldbench.formats.boundaries import Boundaries
from seldbench_baselines.architectures import bicrnn, fb_crnn

GOLDEN = Path(__file__).parents[1] / "golden" / "models"
ARCHIVE = np.load(GOLDEN / "pb_sed.npz")
CLASSES = 4
TAGS = torch.tensor([[0.0, 1, 1, 0], [1, 0, 0, 0]])


def load_fillrule():
    spec = importlib.util.spec_from_file_location("fillrule", GOLDEN / "fillrule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fillrule = load_fillrule()


def original_name(name, skips):
    """Our state_dict's name -> the original's, with PyTorch's names for batch norms."""
    for own, theirs in (
        ("cnn.over_bins.", "cnn.cnn_2d."),
        ("cnn.over_time.", "cnn.cnn_1d."),
        ("forwards.gru.", "rnn_fwd.rnn."),
        ("backwards.gru.", "rnn_bwd.rnn."),
        ("forwards.output.", "rnn_fwd.output_net."),
        ("backwards.output.", "rnn_bwd.output_net."),
    ):
        name = name.replace(own, theirs)
    if name.startswith("gru."):
        name = f"rnn.rnn.{name.removeprefix('gru.')}"
    if name.startswith("output."):
        name = f"rnn.output_net.{name.removeprefix('output.')}"
    for own, theirs in (("0", "convs.0.conv"), ("1", "convs.0.norm"), ("3", "convs.1.conv")):
        name = name.replace(f"output_net.{own}.", f"output_net.{theirs}.")
    if ".bridges." in name:
        part, rest = name.split(".bridges.")
        start, last = rest.split(".")
        return f"{part}.residual_skip_convs.{start}->{skips[int(start)]}.conv.{last}"
    name = name.replace("2d.norm.", "2d.output_norm.").replace("1d.norm.", "1d.output_norm.")
    return name.replace(".layers.", ".convs.")


def filled(network):
    """The network in evaluation mode with the original's tensors. Its kernels of 3 x 3 have
    frequency first, ours time."""
    state = {}
    for own, tensor in network.state_dict().items():
        if own.endswith("num_batches_tracked"):
            continue
        name = original_name(own, network.cnn.over_bins.skips)
        value = torch.from_numpy(fillrule.tensor(name, tuple(tensor.shape))).float()
        state[own] = value.transpose(2, 3) if value.dim() == 4 else value
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected and all(m.endswith("num_batches_tracked") for m in missing)
    return network.eval()


@pytest.fixture
def features():
    return torch.from_numpy(fillrule.values("input:features", (2, 1, 40, 32))).float()


def fb(**arguments):
    sizes = {"bounds": 2 * CLASSES, "frames": CLASSES}
    network = fb_crnn.ARCHITECTURE.build(1, 32, 0.02, sizes, base=2, **arguments)
    return filled(network)


def assert_meets(ours, label):
    theirs = ARCHIVE[label]
    assert ours.shape == theirs.shape
    assert np.abs(ours.detach().numpy() - theirs).max() < 1e-5 * np.abs(theirs).max()


@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_fb_crnn_answers_as_the_original(depth, features):
    assert_meets(fb(depth=depth)(features)["bounds"], f"fb_{depth}")


@pytest.mark.parametrize("length", [5, 11])
def test_short_windows_have_the_tags_of_the_original(length, features):
    with torch.no_grad():
        assert_meets(fb(window=length)(features)["frames"].sigmoid(), f"fb_window_{length}")


@pytest.mark.parametrize("conditioned", [False, True])
def test_bicrnn_answers_as_the_original(conditioned, features):
    network = bicrnn.ARCHITECTURE.build(
        1, 32, 0.02, {"frames": CLASSES}, base=2, tag_conditioned=conditioned
    )
    tags = {"tags": TAGS} if conditioned else {}
    out = filled(network)(features, **tags)["frames"]
    assert_meets(out, "bi_tags" if conditioned else "bi")


def test_log_mels_are_the_originals_but_for_the_clips_ends():
    waves = torch.from_numpy(fillrule.values("input:waves", (1, 1, 16000))).float()
    ours = (LogMelPb(peak_normalise=True).spectrum(waves)[0, 0] + SMALLEST).log().numpy()
    assert ours.shape == ARCHIVE["logmel"].shape == (50, 128)
    np.testing.assert_allclose(ours[1:-1], ARCHIVE["logmel"][1:-1], atol=2e-4)


@pytest.mark.parametrize("loss", ["boundary_or_weak", "weak"])
def test_losses_of_strong_weak_and_unknown_classes_are_the_originals(loss):
    logits = torch.from_numpy(fillrule.values("input:logits", (5, 2 * CLASSES, 30))).float() * 2
    drawn = fillrule.values("input:active", (5, CLASSES, 30))
    active = torch.from_numpy((drawn > 0.7).astype(np.float32))
    active[:, 3] = 0
    presence = active.amax(-1)
    active[1] = 0.5 * presence[1][:, None]  # a clip with weak labels
    presence[2, 1] = active[2, 1] = 0.5  # a class that nobody knows of
    wide = presence[..., None].expand(-1, -1, 30)
    target = torch.cat([wide, active], dim=1).transpose(1, 2)
    form = Boundaries(tuple("abcd"))
    value = form.losses[loss](logits.transpose(1, 2), target)
    assert value.item() == pytest.approx(float(ARCHIVE[f"loss_{loss}"]), rel=1e-5)
