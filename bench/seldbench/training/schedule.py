"""How large a step is: what the recipe's ramp, warm-up and decay leave of a step size, and which
parts of a network have a step size of their own.

All of it follows from the number of optimiser steps so far, so nothing of it is kept for a resume.
Source of the warm-up and the stairs: YuanGongND/ast, src/traintest.py.
"""

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from seldbench.errors import BadRecipe, near
from seldbench.recipe import Decay, Training


def share(training: Training, done: int, steps_per_epoch: int) -> float:
    """What is left of every step size after `done` steps: ramp x warm-up x decay.

    The official AST code sets the step size in its warm-up whatever the decay has done to it by
    then; here a decay that starts within the warm-up holds. Its recipes have no such case.
    """
    whole = ramp_up(done, training.ramp_epochs * steps_per_epoch)
    whole *= warmed(done, training.warmup, training.warmup_every)
    if training.decay is not None:
        whole *= decayed(training.decay, done, training.epochs, steps_per_epoch)
    return whole


def ramp_up(done: int, ramp_steps: float) -> float:
    """exp(-5 (1 - s / R)^2) for s < R, else 1."""
    if done >= ramp_steps:
        return 1.0
    return math.exp(-5 * (1 - done / ramp_steps) ** 2)


def warmed(done: int, warmup: int, every: int) -> float:
    """done / warmup as it was at the last multiple of `every`; 1 from `warmup` on.

    So the first `every` steps have size 0 and change nothing but Adam's averages, as in the
    official code.
    """
    if done >= warmup:
        return 1.0
    return done // every * every / warmup


def decayed(decay: Decay, done: int, epochs: int, steps_per_epoch: int) -> float:
    """What a decay leaves of the step size after so many steps.

    `start` and `every` count finished epochs: with start = 2, epochs 1 and 2 have the whole step
    size and the first step of epoch 3 the first smaller one. That is where PyTorch's MultiStepLR
    with milestone 2 acts when it is stepped at the end of each epoch, as the AST code does.
    """
    start, end = decay.start * steps_per_epoch, epochs * steps_per_epoch
    if done < start:
        return 1.0
    if decay.shape == "step":
        return decay.factor
    if decay.shape == "stairs":
        # The small term: a whole number of epochs is one, whatever its division gives.
        stairs = (done - start) / (decay.every * steps_per_epoch)
        return decay.factor ** (1 + math.floor(stairs + 1e-9))
    x = min(1.0, (done - start) / max(end - 1 - start, 1))  # 1 at the last step
    if decay.shape == "linear":
        return 1.0 - (1.0 - decay.factor) * x
    return decay.factor ** (x * x)


def parameter_groups(training: Training, network: nn.Module) -> list[dict[str, Any]]:
    """The optimiser's groups, each with the name of its part ("" for the rest) and its step size as
    the recipe says it. A parameter belongs to the longest name that it lies in.

    Raises:
        BadRecipe: a part that the network lacks, or that has no parameter of its own.
    """
    modules = dict(network.named_modules())
    modules.pop("")
    for part in training.rates:
        if part not in modules:
            raise BadRecipe(
                f"training.rates: the network has no part {part!r}{near(part, modules)}; its"
                f" parts: {', '.join(name for name, _ in network.named_children())}"
            )
    rates = {"": training.lr, **dict(sorted(training.rates.items()))}
    groups: dict[str, list[nn.Parameter]] = {part: [] for part in rates}
    for name, parameter in network.named_parameters():
        groups[_part_of(name, training.rates)].append(parameter)
    for part, parameters in groups.items():
        if part and not parameters:
            raise BadRecipe(
                f"training.rates: {part!r} has no parameter that is not in a longer name as well;"
                " leave it out"
            )
    return [
        {"params": parameters, "part": part, "rate": rates[part]}
        for part, parameters in groups.items()
        if parameters
    ]


def _part_of(parameter: str, rates: Mapping[str, float]) -> str:
    inside = [part for part in rates if parameter.startswith(part + ".")]
    return max(inside, key=len, default="")
