"""The one training loop: epochs, optimiser, validation, best weights, resume.

Every random number derives from (seed, epoch, step), so that a resumed training goes the way that
the uninterrupted one would have gone: on a CPU bit for bit. At most the current epoch is lost.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seldbench.augment import Batch
from seldbench.contracts import Progress
from seldbench.recipe import Training
from seldbench.storage import write_text
from seldbench.training import checkpoint
from seldbench.training.averaging import Average
from seldbench.training.data import Batches
from seldbench.training.schedule import parameter_groups, share
from seldbench.training.steps import Inputs, Step

# Scores of a network on the validation splits by name; "score" is what selects, higher is better.
Validate = Callable[[nn.Module], dict[str, float]]

RESUME, WEIGHTS, LOG = "resume.safetensors", "weights.safetensors", "log.jsonl"
# By epoch: the resume state names the epoch, and its file must be there whenever that is read.
BEST = "best.{}.safetensors"


@dataclass
class State:
    """How far a training is."""

    epoch: int = 0
    done: int = 0  # optimiser steps
    best: float | None = None
    best_epoch: int = 0
    best_network: str = "student"
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """All that a training needs. `validate` None: the last epoch's weights are kept, or with
    `average` their mean over the epochs from its first to its last."""

    training: Training
    step: Step
    batches: Batches
    inputs: Callable[[Batch, torch.Generator], tuple[Batch, Inputs]]
    validate: Validate | None
    folder: Path
    seed: int
    device: torch.device
    progress: Progress
    average: tuple[int, int] | None = None


def fit(job: Job) -> State:
    """Train, or go on where the folder's resume state stands; leaves weights.safetensors, and what
    to resume from, until `clear` takes it away.

    Raises:
        BadRun: outputs that are not finite (nothing of the failing epoch is kept).
    """
    optimiser = make_optimiser(job.training, job.step.networks["student"])
    average = None if job.average is None else Average(*job.average)
    state, log = _restore(job, optimiser, average)
    scaler = torch.amp.GradScaler(job.device.type, enabled=_dtype(job) == torch.float16)
    for epoch in range(state.epoch + 1, job.training.epochs + 1):
        started = time.monotonic()
        losses = _epoch(job, optimiser, scaler, state, epoch)
        entry: dict[str, Any] = {"epoch": epoch, "step": state.done, **losses}
        entry |= _rates(job, state.done)
        if job.validate and (epoch % job.training.validate_every == 0 or _last(job, epoch)):
            entry["valid"] = _validate(job, state, epoch)
        if average is not None:
            average.add(_shown(job)[1], epoch)
        state.epoch = epoch
        state.seconds += time.monotonic() - started
        entry["seconds"] = round(state.seconds, 3)
        log.append(entry)
        _keep(job, optimiser, average, state, log)
        job.progress.say(describe(entry, job.training.epochs, state))
    _finish(job, state, average)
    return state


def make_optimiser(training: Training, network: nn.Module) -> torch.optim.Optimizer:
    """Raises BadRecipe as `parameter_groups`."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[training.optimiser]
    return kind(
        parameter_groups(training, network),
        lr=training.lr,
        betas=training.betas,
        eps=training.eps,
        weight_decay=training.weight_decay,
        fused=True,  # on a CPU four to nine times as fast as one tensor after the other
    )


def describe(entry: Mapping[str, Any], epochs: int, state: State) -> str:
    """One line for a person: epoch, loss, validation score, best so far."""
    line = f"epoch {entry['epoch']}/{epochs}  loss {entry['loss']:.4f}"
    valid = entry.get("valid", {})
    taught = len(valid) > 1  # a lone network is nobody's student
    for network, scores in valid.items():
        line += f"  {network if taught else 'score'} {scores['score']:.3f}"
    if valid and state.best is not None:
        whose = f"{state.best_network} of " if taught else ""
        line += f"  (best: {state.best:.3f}, {whose}epoch {state.best_epoch})"
    return line + f"  {entry['seconds']:.0f} s"


def _last(job: Job, epoch: int) -> bool:
    return epoch == job.training.epochs


def _epoch(
    job: Job,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    state: State,
    epoch: int,
) -> dict[str, Any]:
    for network in job.step.networks.values():
        network.train()
    totals: dict[str, Tensor] = {}
    with _dropout_seed(job, epoch):
        for index, batch in enumerate(job.batches.epoch(epoch)):
            _rate(job, optimiser, state.done)
            for name, loss in _step(job, optimiser, scaler, state, batch, (epoch, index)).items():
                totals[name] = totals[name] + loss if name in totals else loss
            job.progress.advance(f"epoch {epoch}", index + 1, job.batches.steps)
    means = {name: float(total) / job.batches.steps for name, total in totals.items()}
    return {"loss": sum(means.values()), "losses": means}


def _step(
    job: Job,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    state: State,
    batch: Batch,
    where: tuple[int, int],
) -> dict[str, Tensor]:
    batch = batch.to(job.device)
    draw = torch.Generator().manual_seed(_seed(job.seed, *where))
    batch, inputs = job.inputs(batch, draw)
    optimiser.zero_grad(set_to_none=True)
    totals: dict[str, Tensor] = {}
    parts = batch.split(job.training.accumulate)
    for part in parts:
        with torch.autocast(job.device.type, _dtype(job), enabled=_dtype(job) != torch.float32):
            terms = job.step.losses(part, inputs, state.done)
        scaler.scale(torch.stack(list(terms.values())).sum() / len(parts)).backward()
        for name, term in terms.items():
            value = term.detach() / len(parts)  # left on the device: a copy would wait for it
            totals[name] = totals[name] + value if name in totals else value
    if job.training.clip_gradient is not None:
        scaler.unscale_(optimiser)
        parameters = job.step.networks["student"].parameters()
        torch.nn.utils.clip_grad_norm_(parameters, job.training.clip_gradient)
    scaler.step(optimiser)
    scaler.update()
    state.done += 1
    job.step.after(state.done)
    return totals


def _rate(job: Job, optimiser: torch.optim.Optimizer, done: int) -> None:
    whole = share(job.training, done, job.batches.steps)
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * whole


def _rates(job: Job, done: int) -> dict[str, Any]:
    """The size of the last step, for the log; by part too where parts have their own."""
    whole = share(job.training, done - 1, job.batches.steps)
    parts = {part: rate * whole for part, rate in job.training.rates.items()}
    return {"lr": job.training.lr * whole} | ({"rates": parts} if parts else {})


def _validate(job: Job, state: State, epoch: int) -> dict[str, dict[str, float]]:
    assert job.validate is not None
    scores = {}
    for name, network in job.step.networks.items():
        network.eval()
        with torch.inference_mode():
            scores[name] = job.validate(network)
        # The first of equal scores stays: an earlier epoch, the student before the teacher.
        if state.best is None or scores[name]["score"] > state.best:
            state.best, state.best_epoch, state.best_network = scores[name]["score"], epoch, name
            path = job.folder / BEST.format(epoch)
            checkpoint.save(path, network.state_dict(), {"epoch": epoch})
    return scores


def _keep(
    job: Job,
    optimiser: torch.optim.Optimizer,
    average: Average | None,
    state: State,
    log: list[dict[str, Any]],
) -> None:
    tensors = checkpoint.prefixed("optimiser", checkpoint.optimiser_tensors(optimiser))
    for name, network in job.step.networks.items():
        tensors |= checkpoint.prefixed(f"network.{name}", network.state_dict())
    if average is not None:
        tensors |= checkpoint.prefixed("average", average.sums)
    checkpoint.save(job.folder / RESUME, tensors, {"state": vars(state), "log": log})
    _clear_best(job.folder, state.best_epoch)
    write_text(job.folder / LOG, "".join(json.dumps(entry) + "\n" for entry in log))


def _restore(
    job: Job, optimiser: torch.optim.Optimizer, average: Average | None
) -> tuple[State, list[dict[str, Any]]]:
    path = job.folder / RESUME
    if not path.exists():
        return State(), []
    tensors, header = checkpoint.load(path)
    for name, network in job.step.networks.items():
        network.load_state_dict(checkpoint.part(f"network.{name}", tensors))
    checkpoint.restore_optimiser(optimiser, checkpoint.part("optimiser", tensors))
    if average is not None:
        average.restore(checkpoint.part("average", tensors))
    state = State(**header["state"])
    job.progress.say(f"resuming after epoch {state.epoch} of {job.training.epochs}")
    return state, header["log"]


def _finish(job: Job, state: State, average: Average | None) -> None:
    if state.best is not None:
        tensors = checkpoint.load(job.folder / BEST.format(state.best_epoch))[0]
    else:
        state.best_network, network = _shown(job)
        state.best_epoch = state.epoch if average is None else average.last
        tensors = network.state_dict() if average is None else average.mean()
    checkpoint.save(job.folder / WEIGHTS, tensors, {"epoch": state.best_epoch})


def clear(folder: Path) -> None:
    """Take away what only an unfinished training needs."""
    (folder / RESUME).unlink(missing_ok=True)
    _clear_best(folder, 0)


def _clear_best(folder: Path, kept: int) -> None:
    for path in folder.glob(BEST.format("*")):
        if path.name != BEST.format(kept):
            path.unlink(missing_ok=True)


def _shown(job: Job) -> tuple[str, nn.Module]:
    """What is kept where no score chooses: the teacher where there is one."""
    return list(job.step.networks.items())[-1]


def _dtype(job: Job) -> torch.dtype:
    """Autocast's type: "auto" is bfloat16 (or float16) on a GPU and float32 on a CPU."""
    chosen = job.training.precision
    if chosen == "auto":
        if job.device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[chosen]


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _dropout_seed(job: Job, epoch: int) -> Iterator[None]:
    # Dropout takes its numbers from torch's global generator and no other: seeded for the epoch,
    # put back afterwards.
    devices = [job.device] if job.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(_seed(job.seed, epoch))
        yield
