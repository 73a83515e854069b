"""How a stage is trained. Defaults of training are written here and nowhere else."""

from typing import Literal

from pydantic import Field, PositiveFloat

from seldbench.recipe.table import Table


class Consistency(Table):
    """Mean teacher: weight and ramp-up of the consistency loss, decay of the teacher's average."""

    weight: float = 2.0
    ramp_epochs: float = Field(default=50, ge=0)
    decay: float = Field(default=0.999, gt=0, lt=1)


class Decay(Table):
    """How the step size falls after `start` epochs.

    shape: "step": at once to `factor` of it. "linear": in a line that reaches `factor` at the last
    step. "gaussian": factor ** x^2, x from 0 to 1 over the steps that remain. "stairs": times
    `factor` there and after every `every` epochs more.
    """

    start: float = Field(ge=0)
    factor: float = Field(gt=0, le=1)
    shape: Literal["step", "linear", "gaussian", "stairs"] = "step"
    every: float = Field(1.0, gt=0)


class Training(Table):
    """One training. Adam's step size rises as exp(-5 (1 - s/R)^2) over `ramp_epochs`, or in a line
    over `warmup` steps, set anew every `warmup_every`. rates: {part of the network: its own step
    size}, which rises and falls as `lr` does; of a part within a part, the longer name holds.
    balanced: groups of the batch that are drawn from with replacement, a clip by the weight of its
    labels: the sum of 1000 / (clips with the label + 0.01).

    window: seconds of a clip in one example (shorter clips are zero-padded). hop: seconds from one
    example of a clip to the next; None: side by side. random_phase: in every epoch the windows of a
    clip begin anew, all by the same draw later, the last never beyond its end. steps: per epoch;
    None: until the shortest group of the batch is used up. accumulate: parts a batch is cut into.
    keep_spectra: on disk while the stage trains; "auto": on a CPU, where waves are not augmented
    and the disk has room.
    """

    step: Literal["supervised", "mean_teacher"] = "supervised"
    epochs: int = Field(ge=0)
    steps: int | None = Field(None, gt=0)
    window: float = Field(gt=0)
    hop: float | None = Field(None, gt=0)
    random_phase: bool = False
    optimiser: Literal["adam", "adamw"] = "adam"
    lr: float = Field(1e-3, gt=0)
    rates: dict[str, PositiveFloat] = {}
    decay: Decay | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    ramp_epochs: float = Field(0, ge=0)
    warmup: int = Field(0, ge=0)
    warmup_every: int = Field(1, ge=1)
    balanced: list[str] = []
    clip_gradient: float | None = Field(None, gt=0)
    accumulate: int = Field(1, ge=1)
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    channels_last: bool = True
    keep_spectra: Literal["auto", "never"] = "auto"
    validate_every: int = Field(1, ge=1)
    consistency: Consistency = Consistency()
