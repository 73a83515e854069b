"""`sed_doa` and `doa`: activities beside directions, and their losses by their definitions."""

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.formats.doa import Doa
from seldbench.formats.sed_doa import SedDoa

CLASSES = ("alarm", "dog", "piano", "speech")


@pytest.fixture
def batch(scenes):
    """Raw outputs and targets of two clips: (2, 60, 16)."""
    targets = torch.stack([SedDoa(CLASSES).encode(scenes.clip(), 0.0, 60, 0.1) for _ in range(2)])
    draw = torch.Generator().manual_seed(0)
    return torch.randn(targets.shape, generator=draw), targets


def definitions(outputs, targets):
    """The losses of directions, value by value."""
    given = outputs[..., 4:].double().unflatten(-1, (3, 4))
    wanted = targets[..., 4:].double().unflatten(-1, (3, 4))
    active = targets[..., :4].double()
    squares = [
        float(((given[b, t, :, k] - wanted[b, t, :, k]) ** 2).sum())
        for b, t, k in active.nonzero().tolist()
    ]
    absolutes = [
        float((given[b, t, :, k] - wanted[b, t, :, k]).abs().sum())
        for b, t, k in active.nonzero().tolist()
    ]
    n = len(squares)
    return {
        "mse": float(((given - wanted) ** 2).mean()),
        "masked_mse": sum(squares) / (3 * n),
        "masked_mse_dcase2020_fixed": sum(squares) ** 0.5 / (3 * n),
        "masked_mae": sum(absolutes) / n,
    }


def test_losses_of_directions_are_those_of_their_definitions(batch):
    outputs, targets = batch
    for name, value in definitions(outputs, targets).items():
        found = Doa.losses[name](outputs[..., 4:], targets[..., 4:])
        assert float(found) == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize(
    "name, half, weights",
    [
        ("bce_mse", "mse", (1, 1000)),
        ("bce_masked_mse", "masked_mse", (1, 1)),
        ("bce_masked_mse_dcase2020_fixed", "masked_mse_dcase2020_fixed", (1, 1000)),
        ("bce_masked_mae", "masked_mae", (0.3, 0.7)),
    ],
)
def test_losses_of_both_halves_are_weighted_as_published(batch, name, half, weights):
    outputs, targets = batch
    p, y = outputs[..., :4].double().sigmoid(), targets[..., :4].double()
    bce = float(-(y * p.log() + (1 - y) * (1 - p).log()).mean())
    expected = weights[0] * bce + weights[1] * definitions(outputs, targets)[half]
    assert float(SedDoa.losses[name](outputs, targets)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["masked_mse", "masked_mse_dcase2020_fixed", "masked_mae"])
def test_masked_losses_do_not_hear_what_is_said_of_silent_classes(batch, name):
    outputs, targets = (part[..., 4:] for part in batch)
    silent = ~(targets.unflatten(-1, (3, 4)) != 0).any(-2, keepdim=True)
    changed = outputs + (5 * silent).expand(-1, -1, 3, -1).flatten(-2)
    assert torch.equal(Doa.losses[name](changed, targets), Doa.losses[name](outputs, targets))
    assert float(Doa.losses["mse"](changed, targets)) > float(Doa.losses["mse"](outputs, targets))


def test_the_mask_of_2020_counts_the_values_that_stand_in_its_place():
    # Class 1 of four sounds: the official mask keeps values 3, 4 and 5 of the twelve.
    targets = torch.zeros(1, 1, 12)
    targets[..., 1] = 1.0
    kept = []
    for i in range(12):
        outputs = targets.clone()
        outputs[..., i] += 3.0
        if float(Doa.losses["masked_mse_dcase2020"](outputs, targets)) > 0:
            kept.append(i)
            assert float(Doa.losses["masked_mse_dcase2020"](outputs, targets)) == 1.0
    assert kept == [3, 4, 5]


def test_the_root_has_no_slope_where_nothing_is_wrong(batch):
    targets = batch[1][..., 4:]
    outputs = targets.clone().requires_grad_()
    for name in ("masked_mse_dcase2020", "masked_mse_dcase2020_fixed"):
        Doa.losses[name](outputs, targets).backward()
        assert not outputs.grad.any()


def test_only_the_activities_are_logits():
    outputs = torch.tensor([[0.0, 100.0, -100.0, 2.0, *np.linspace(-1, 1, 12)]]).float()
    activated = SedDoa(CLASSES).activate(outputs)
    assert torch.equal(activated[:, :4], outputs[:, :4].sigmoid())
    assert torch.equal(activated[:, 4:], outputs[:, 4:])
    assert torch.equal(Doa(CLASSES).activate(outputs[:, 4:]), outputs[:, 4:])


def test_activities_decide_and_directions_have_any_length(post):
    form = SedDoa(CLASSES)
    outputs = torch.zeros(4, 4, 4)
    outputs[:, 0, 1] = torch.tensor([0.2, 0.8, 0.8, 0.4])
    outputs[:, 1:, 1] = torch.tensor([0.0, 0.03, 0.04])
    outputs[:, 1, 2] = 1.0  # where a silent class would be
    (event,) = form.decode(outputs.flatten(1), Clip("a", 0.4, {}), 0.1, post()).events
    assert (event.label, round(event.onset, 6), round(event.offset, 6)) == ("dog", 0.1, 0.3)
    np.testing.assert_allclose(event.doa, [[0, 0.6, 0.8]] * 2, atol=1e-6)


def test_doa_says_from_where_and_not_who(post):
    doa = np.array([0.0, 0.6, 0.8])
    clip = Clip("a", 0.32, {}, EventList([Event(0.1, 0.3, "dog", doa=doa)]))
    form = Doa(CLASSES)
    prediction = form.decode(0.2 * form.encode(clip, 0.0, 5, 0.1), clip, 0.1, post(median=0.5))
    assert prediction.events is None and prediction.frame_scores is None
    assert prediction.hop == 0.1 and prediction.doa.shape == (4, 4, 3)
    np.testing.assert_allclose(prediction.doa[1:3, 1], [doa, doa], atol=1e-6)
    assert not prediction.doa[0].any()
