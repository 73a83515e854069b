"""What a step computes: losses on labelled groups, consistency on all, a teacher that follows."""

import math

import torch
from torch import nn

from seldbench import registry
from seldbench.augment import Batch
from seldbench.recipe import Consistency, Head
from seldbench.training.data import Group
from seldbench.training.schedule import ramp_up
from seldbench.training.steps import MeanTeacher, Supervised

CLASSES = ("high", "low")
HEADS = {
    "frames": Head(format="strong", loss="bce", on=["train/synthetic"]),
    "clip": Head(format="weak", loss="bce", weight=0.5, on=["train/weak"]),
}
GROUPS = [
    Group("train/synthetic", 2, frozenset({"frames"}), ()),
    Group("train/weak", 1, frozenset({"clip"}), ()),
    Group("train/unlabelled", 1, frozenset(), ()),
]


class Tiny(nn.Module):
    """Frame logits from one linear layer, clip probabilities as their mean."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, features):
        logits = self.linear(features)
        return {"frames": logits, "clip": logits.sigmoid().mean(1)}


def make_batch():
    return Batch(
        waves=torch.zeros(4, 1, 8),
        spectrum=torch.randn(4, 5, 4, generator=torch.Generator().manual_seed(0)),
        targets={"frames": torch.ones(4, 5, 2), "clip": torch.zeros(4, 2)},
        groups=(
            ("train/synthetic", slice(0, 2)),
            ("train/weak", slice(2, 3)),
            ("train/unlabelled", slice(3, 4)),
        ),
        label_hop=0.1,
    )


def formats():
    return {n: registry.find("formats", h.format.name)(CLASSES) for n, h in HEADS.items()}


def same_view(batch, view):
    return batch.spectrum


def mean_teacher(ramp_epochs=50):
    return MeanTeacher(
        Tiny(),
        heads=HEADS,
        formats=formats(),
        groups=GROUPS,
        consistency=Consistency(ramp_epochs=ramp_epochs, decay=0.999),
        steps_per_epoch=10,
    )


def test_a_heads_loss_sees_only_its_groups():
    step = Supervised(Tiny(), heads=HEADS, formats=formats(), groups=GROUPS)
    batch = make_batch()
    terms = step.losses(batch, same_view, 0)
    logits = step.networks["student"](batch.spectrum)["frames"][:2]
    expected = nn.functional.binary_cross_entropy_with_logits(logits, torch.ones(2, 5, 2))
    torch.testing.assert_close(terms["frames"], expected)
    clip = step.networks["student"](batch.spectrum)["clip"][2:3]
    torch.testing.assert_close(terms["clip"], -0.5 * torch.log(1 - clip).mean())


def test_a_batch_without_a_heads_groups_has_no_term_of_it():
    step = Supervised(Tiny(), heads=HEADS, formats=formats(), groups=GROUPS)
    batch = make_batch()
    only = Batch(
        batch.waves[:2],
        {n: t[:2] for n, t in batch.targets.items()},
        batch.groups[:1],
        batch.spectrum[:2],
        0.1,
    )
    assert set(step.losses(only, same_view, 0)) == {"frames"}


def test_the_teacher_gets_no_gradient_and_consistency_pulls_the_student():
    step = mean_teacher(ramp_epochs=0)
    with torch.no_grad():
        step.networks["teacher"].linear.weight.add_(1.0)
    terms = step.losses(make_batch(), same_view, 5)
    (terms["consistency/frames"] + terms["consistency/clip"]).backward()
    assert all(p.grad is None for p in step.networks["teacher"].parameters())
    assert step.networks["student"].linear.weight.grad.abs().sum() > 0


def test_consistency_grows_as_exp_of_minus_five_times_the_rest_squared():
    assert ramp_up(0, 500) == math.exp(-5)
    assert ramp_up(250, 500) == math.exp(-1.25)
    assert ramp_up(500, 500) == ramp_up(9999, 500) == 1
    assert ramp_up(0, 0) == 1


def test_the_teacher_copies_the_student_after_the_first_step_and_then_follows():
    step = mean_teacher()
    student, teacher = step.networks["student"].linear, step.networks["teacher"].linear
    with torch.no_grad():
        student.weight.fill_(1.0)
    step.after(1)
    torch.testing.assert_close(teacher.weight, student.weight)
    with torch.no_grad():
        student.weight.fill_(2.0)
    step.after(4)
    torch.testing.assert_close(teacher.weight, torch.full((2, 4), 0.75 * 1 + 0.25 * 2))
    step.after(10**6)
    torch.testing.assert_close(teacher.weight, torch.full((2, 4), 0.999 * 1.25 + 0.001 * 2))


def test_the_teacher_begins_with_the_weights_that_the_student_was_given():
    step = mean_teacher()
    with torch.no_grad():
        step.networks["student"].linear.weight.fill_(3.0)
    step.begin()
    assert torch.equal(step.networks["teacher"].linear.weight, torch.full((2, 4), 3.0))
