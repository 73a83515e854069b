"""What a step computes: losses on labelled groups, consistency on all, a teacher that follows."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from seldbench import registry
from seldbench.augment import Batch
from seldbench.contracts import Quiet
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
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


ONLY_CONSISTENCY = ("consistency/frames", "consistency/clip")


def by_hand(step, batch, weight):
    """Eq. 1 of AST-SED, from the outputs: 0.5 L_c + L_f + alpha (L_MT,c + L_MT,f)."""
    student = step.networks["student"](batch.spectrum)
    teacher = step.networks["teacher"](batch.spectrum)
    guess, goal = student["frames"].sigmoid(), teacher["frames"].sigmoid()
    strong = nn.functional.binary_cross_entropy(guess[:2], batch.targets["frames"][:2])
    weak = nn.functional.binary_cross_entropy(student["clip"][2:3], batch.targets["clip"][2:3])
    apart = ((student["clip"] - teacher["clip"]) ** 2).mean() + ((guess - goal) ** 2).mean()
    return strong + 0.5 * weak + weight * apart


@pytest.mark.parametrize(
    ("done", "alpha"),
    [(0, 2 * math.exp(-5)), (250, 2 * math.exp(-1.25)), (500, 2.0), (9999, 2.0)],
)
def test_the_loss_is_equation_1_with_alpha_rising_to_2(done, alpha):
    step = mean_teacher()  # 50 epochs of 10 steps
    with torch.no_grad():
        step.networks["teacher"].linear.weight.add_(0.5)
    batch = make_batch()
    total = sum(step.losses(batch, same_view, done).values())
    torch.testing.assert_close(total, by_hand(step, batch, alpha))


def test_without_weak_clips_equation_1_has_no_clip_loss_but_all_consistency():
    step = mean_teacher(ramp_epochs=0)
    with torch.no_grad():
        step.networks["teacher"].linear.weight.add_(0.5)
    batch = make_batch()
    kept = [0, 1, 3]
    rest = replace(
        batch,
        waves=batch.waves[kept],
        spectrum=batch.spectrum[kept],
        targets={name: t[kept] for name, t in batch.targets.items()},
        groups=(("train/synthetic", slice(0, 2)), ("train/unlabelled", slice(2, 3))),
    )
    terms = step.losses(rest, same_view, 1)
    assert set(terms) == {"frames", *ONLY_CONSISTENCY}
    student = step.networks["student"](rest.spectrum)["clip"]
    teacher = step.networks["teacher"](rest.spectrum)["clip"]
    apart = nn.functional.mse_loss(student, teacher)  # over all three clips
    torch.testing.assert_close(terms["consistency/clip"], 2 * apart)


def test_only_parameters_are_averaged_the_teachers_statistics_are_its_own():
    class Normed(Tiny):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, features):
            return super().forward(self.norm(features.transpose(1, 2)).transpose(1, 2))

    step = MeanTeacher(
        Normed(),
        heads=HEADS,
        formats=formats(),
        groups=GROUPS,
        consistency=Consistency(),
        steps_per_epoch=10,
    )
    views = [make_batch().spectrum, make_batch().spectrum + 7.0]
    step.losses(make_batch(), lambda batch, view: views[view], 0)
    student, teacher = step.networks["student"].norm, step.networks["teacher"].norm
    with torch.no_grad():
        student.weight.fill_(3.0)
    step.after(1)
    assert torch.equal(teacher.weight, student.weight)
    torch.testing.assert_close(teacher.running_mean, student.running_mean + 0.7)


def test_the_teacher_is_in_training_mode_in_every_epoch(toy, toy_recipe, tmp_path, monkeypatch):
    modes = []
    losses = MeanTeacher.losses

    def seen(self, batch, inputs, done):
        modes.append({name: network.training for name, network in self.networks.items()})
        return losses(self, batch, inputs, done)

    monkeypatch.setattr(MeanTeacher, "losses", seen)
    recipe = toy_recipe(training__epochs=2, training__steps=1)
    Experiment(recipe, Data(toy), 0, tmp_path).run(torch.device("cpu"), Quiet())
    assert modes == [{"student": True, "teacher": True}] * 2  # though each was validated between


class Told(Tiny):
    """Logits that are raised by the tags it is given."""

    def forward(self, features, tags):
        found = super().forward(features)
        return {"frames": found["frames"] + tags[:, None], "clip": found["clip"]}


@pytest.mark.parametrize("kind", [Supervised, MeanTeacher])
def test_student_and_teacher_are_given_the_batchs_inputs(kind):
    others = {"consistency": Consistency(), "steps_per_epoch": 10} if kind is MeanTeacher else {}
    step = kind(Told(), heads=HEADS, formats=formats(), groups=GROUPS, **others)
    batch = replace(make_batch(), inputs={"tags": torch.full((4, 2), 100.0)})
    terms = step.losses(batch, same_view, 0)
    assert float(terms["frames"].detach()) < 1e-6  # all targets are 1
    if kind is MeanTeacher:
        assert float(terms["consistency/frames"].detach()) == 0.0


def test_a_part_of_the_batch_is_given_its_own_inputs():
    step = Supervised(Told(), heads=HEADS, formats=formats(), groups=GROUPS[:1])
    batch = make_batch()
    tags = torch.tensor([[100.0], [-100.0], [0.0], [0.0]]).expand(4, 2)
    strong = replace(
        batch,
        waves=batch.waves[:2],
        spectrum=batch.spectrum[:2],
        targets={"frames": batch.targets["frames"][:2]},
        groups=batch.groups[:1],
        inputs={"tags": tags[:2]},
    )
    first, second = (step.losses(part, same_view, 0)["frames"] for part in strong.split(2))
    assert float(first.detach()) < 1e-6
    assert float(second.detach()) > 90
