"""What one step of training computes: the loss of a batch, supervised or with a mean teacher.

Losses are computed in float32 whatever the autocast. A head's loss sees only its groups of clips;
consistency sees all.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from seldbench.augment import Batch
from seldbench.contracts import OutputFormat
from seldbench.errors import BadRun
from seldbench.recipe import Consistency, Head
from seldbench.training.data import Group
from seldbench.training.schedule import ramp_up

# (batch, number of the view) -> finished features; views differ in their augmentation only.
Inputs = Callable[[Batch, int], Tensor]


class Step(Protocol):
    """What the loop asks of a way to train. `networks`: what is validated and kept, by name."""

    networks: dict[str, nn.Module]

    def begin(self) -> None:
        """Called once, when the student has its first weights."""
        ...

    def losses(self, batch: Batch, inputs: Inputs, done: int) -> dict[str, Tensor]:
        """Weighted terms, by name, to be summed; `done`: optimiser steps so far."""
        ...

    def after(self, done: int) -> None:
        """Called after every optimiser step."""
        ...


def rows_of(groups: Sequence[Group], head: str, batch: Batch) -> Tensor:
    """The rows of a batch that a head's loss sees."""
    by_name = {group.name: group for group in groups}
    rows = [
        torch.arange(part.start, part.stop)
        for name, part in batch.groups
        if head in by_name[name].heads
    ]
    return torch.cat(rows) if rows else torch.zeros(0, dtype=torch.long)


class Supervised:
    """The heads' own losses."""

    def __init__(
        self,
        network: nn.Module,
        *,
        heads: Mapping[str, Head],
        formats: Mapping[str, OutputFormat],
        groups: Sequence[Group],
    ) -> None:
        self.networks = {"student": network}
        self._heads, self._formats, self._groups = heads, formats, groups

    def begin(self) -> None:
        pass

    def losses(self, batch: Batch, inputs: Inputs, done: int) -> dict[str, Tensor]:
        return self._labelled(self.networks["student"](inputs(batch, 0), **batch.inputs), batch)

    def after(self, done: int) -> None:
        pass

    def _labelled(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        rows = {name: rows_of(self._groups, name, batch) for name in self._heads}
        rows = {name: own.to(outputs[name].device) for name, own in rows.items() if len(own)}
        _refuse_nan([outputs[name] for name in rows])
        terms = {}
        for name, own in rows.items():
            head = self._heads[name]
            loss = self._formats[name].losses[head.loss]
            with torch.autocast(own.device.type, enabled=False):
                terms[name] = head.weight * loss(
                    outputs[name][own].float(), batch.targets[name][own]
                )
        return terms


class MeanTeacher(Supervised):
    """Supervised losses, and consistency with a teacher that averages the student's weights.

    The weight of consistency is w exp(-5 (1 - min(s, R) / R)^2), s optimiser steps. The teacher
    follows with decay min(1 - 1 / s, decay); it runs in training mode, so that its normalisation
    statistics come from its own forward passes.
    Source: Tarvainen and Valpola 2017; DCASE-REPO/DESED_task, frednam93/FDY-SED.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        heads: Mapping[str, Head],
        formats: Mapping[str, OutputFormat],
        groups: Sequence[Group],
        consistency: Consistency,
        steps_per_epoch: int,
    ) -> None:
        super().__init__(network, heads=heads, formats=formats, groups=groups)
        teacher = copy.deepcopy(network)
        for parameter in teacher.parameters():
            parameter.requires_grad_(False)
        self.networks["teacher"] = teacher
        self._consistency = consistency
        self._ramp_steps = consistency.ramp_epochs * steps_per_epoch

    def begin(self) -> None:
        self.networks["teacher"].load_state_dict(self.networks["student"].state_dict())

    def losses(self, batch: Batch, inputs: Inputs, done: int) -> dict[str, Tensor]:
        student, teacher = self.networks["student"], self.networks["teacher"]
        outputs = student(inputs(batch, 0), **batch.inputs)
        with torch.no_grad():
            targets = teacher(inputs(batch, 1), **batch.inputs)
        terms = self._labelled(outputs, batch)  # last: it waits for a GPU, which has work till then
        weight = self._consistency.weight * ramp_up(done, self._ramp_steps)
        with torch.autocast(next(iter(outputs.values())).device.type, enabled=False):
            for name, form in self._formats.items():
                guess = form.activate(outputs[name].float())
                goal = form.activate(targets[name].float())
                terms[f"consistency/{name}"] = weight * nn.functional.mse_loss(guess, goal)
        return terms

    @torch.no_grad()
    def after(self, done: int) -> None:
        decay = min(1 - 1 / done, self._consistency.decay)
        student, teacher = self.networks["student"], self.networks["teacher"]
        mine = cast(list[Tensor], list(teacher.parameters()))
        torch._foreach_lerp_(mine, list(student.parameters()), 1 - decay)


def _refuse_nan(outputs: Sequence[Tensor]) -> None:
    # Some losses refuse NaN in words of their own, others turn it into weights of NaN. Asked once,
    # for every question waits for the device.
    if outputs and not bool(torch.stack([o.isfinite().all() for o in outputs]).all()):
        raise BadRun(
            "the training diverged: the network's outputs are not finite; lower the step size"
            " (--set training.lr=...) or use --set training.precision=float32"
        )
