"""The soft F-loss of `strong`, its two options, and `doa`'s losses, on cases computed by hand."""

import pytest
import torch

from seldbench.formats.doa import Doa
from seldbench.formats.strong import Strong

LOSSES = Strong.losses
SOFT = ("soft_f", "soft_f_per_class", "soft_f_per_example")


def logits(p):
    return torch.logit(torch.tensor(p))


# Two clips of two frames and two classes: probabilities, and who sounds.
P = [[[0.8, 0.5], [0.4, 0.1]], [[0.2, 0.25], [0.6, 0.75]]]
Y = [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]]


def test_soft_f_is_one_minus_the_f_score_of_probabilities_over_the_whole_batch():
    # Hits 0.8 + 0.4 + 0.6 + 0.75 = 2.55; probabilities 3.6; 4 sound: F = 5.1 / 7.6.
    assert float(LOSSES["soft_f"](logits(P), torch.tensor(Y))) == pytest.approx(1 - 5.1 / 7.6)


def test_per_class_and_per_example_are_means_of_f_scores():
    # Class 0: hits 1.8, probabilities 2.0, 3 sound; class 1: 0.75, 1.6, 1 sounds.
    expected = 1 - (3.6 / 5.0 + 1.5 / 2.6) / 2
    assert float(LOSSES["soft_f_per_class"](logits(P), torch.tensor(Y))) == pytest.approx(expected)
    # Clip 0: hits 1.2, probabilities 1.8, 2 sound; clip 1: hits 1.35, probabilities 1.8, 2 sound.
    expected = 1 - (2.4 / 3.8 + 2.7 / 3.8) / 2
    found = LOSSES["soft_f_per_example"](logits(P), torch.tensor(Y))
    assert float(found) == pytest.approx(expected)


def test_a_class_that_does_not_sound_in_the_batch_is_no_class_of_the_mean():
    silent = torch.tensor(Y)
    silent[..., 1] = 0.0
    found = LOSSES["soft_f_per_class"](logits(P), silent)
    assert float(found) == pytest.approx(1 - 3.6 / 5.0)
    assert float(LOSSES["soft_f_per_class"](logits(P), torch.zeros(2, 2, 2))) == 0.0


def test_of_decisions_it_is_one_minus_f1():
    certain = torch.where(
        torch.rand(3, 10, 4, generator=torch.Generator().manual_seed(0)) < 0.3, 40.0, -40.0
    )
    truth = (torch.rand(3, 10, 4, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    said = (certain > 0).float()
    hits, false, missed = (
        (said * truth).sum(),
        (said * (1 - truth)).sum(),
        ((1 - said) * truth).sum(),
    )
    f1 = float(2 * hits / (2 * hits + false + missed))
    assert float(LOSSES["soft_f"](certain, truth)) == pytest.approx(1 - f1, abs=1e-6)


def test_its_gradient_is_the_formula_s():
    p = torch.tensor(P, dtype=torch.float64).requires_grad_()
    y = torch.tensor(Y, dtype=torch.float64)
    x = torch.logit(p.detach()).float().requires_grad_()
    LOSSES["soft_f"](x, y).backward()
    hits, both = (p * y).sum(), p.sum() + y.sum()
    by_probability = -(2 * y * both - 2 * hits) / both**2
    assert torch.allclose(x.grad.double(), by_probability * p * (1 - p), atol=1e-6)
    # Up where a class sounds, down elsewhere.
    assert torch.equal(x.grad < 0, y > 0)


def test_a_network_that_knows_nothing_has_almost_no_gradient():
    def slope(value):
        x = torch.full((2, 5, 3), value, requires_grad=True)
        y = torch.zeros(2, 5, 3)
        y[0, 0, 0] = 1.0
        LOSSES["soft_f"](x, y).backward()
        return float(x.grad.abs().max())

    assert slope(-12.0) < 1e-4 < slope(-2.0)


@pytest.mark.parametrize("name", ["soft_f", "soft_f_per_example"])
def test_where_nobody_sounds_it_is_nearly_one_and_finite(name):
    x = logits(P).requires_grad_()
    loss = LOSSES[name](x, torch.zeros(2, 2, 2))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1.0, abs=1e-5)
    assert bool((x.grad > 0).all()) and bool((x.grad < 1e-5).all())
    # Silence that is heard as silence is right.
    assert float(LOSSES[name](torch.full((2, 2, 2), -100.0), torch.zeros(2, 2, 2))) == 0.0


@pytest.mark.parametrize("name", SOFT)
def test_it_is_computed_in_float32(name):
    torch.manual_seed(0)
    many = torch.randn(24, 30, 12)
    targets = (torch.rand(24, 30, 12) < 0.1).to(torch.bfloat16)
    found = LOSSES[name](many.to(torch.bfloat16), targets)
    exact = LOSSES[name](many.to(torch.bfloat16).float(), targets.float())
    assert found.dtype == torch.float32 and found.shape == ()
    assert float(found) == float(exact)


# One clip, two frames, two classes: x of both classes, then y, then z. Class 0 sounds in frame 0.
GIVEN = [[[0.5, 0.2, 0.0, -0.4, 0.0, 0.4], [0.1, 0.0, 0.3, 0.0, 0.0, 0.0]]]
WANTED = [[[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]


def test_the_squared_error_of_directions_hears_silent_classes_and_the_masked_one_does_not():
    given, wanted = torch.tensor(GIVEN), torch.tensor(WANTED)
    # 0.25 of the class that sounds; 0.04 + 0.16 + 0.16 + 0.01 + 0.09 of the others; 12 values.
    assert float(Doa.losses["mse"](given, wanted)) == pytest.approx(0.71 / 12)
    assert float(Doa.losses["masked_mse"](given, wanted)) == pytest.approx(0.25 / 3)
    given[0, 1] = 0.9
    assert float(Doa.losses["masked_mse"](given, wanted)) == pytest.approx(0.25 / 3)


def test_masked_errors_are_averaged_over_all_who_sound():
    given, wanted = torch.tensor(GIVEN), torch.tensor(WANTED)
    wanted[0, 1] = torch.tensor([0.0, 0.0, 0.6, 0.0, 0.8, 0.0])  # class 0 sounds in frame 1 too
    # 0.01 + 0.09 + 0.64 there; two vectors of three values.
    found = Doa.losses["masked_mse"](given, wanted)
    assert float(found) == pytest.approx((0.25 + 0.74) / 6)
    assert float(Doa.losses["masked_mse"](given, torch.zeros(1, 2, 6))) == 0.0
