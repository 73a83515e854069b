"""Stages are a build graph: each is trained once, after those that it starts from.

A finished key is never trained again unless that is asked for, a broken one goes on where it
stopped. Two processes that want the same stage wait for each other. What is trained anew is
trained aside: the old weights stay in their place until the new ones stand.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seldbench import runs
from seldbench.contracts import Progress
from seldbench.errors import BadRun
from seldbench.experiment.answers import Answers
from seldbench.experiment.assembly import load_trained
from seldbench.experiment.beginning import begin
from seldbench.experiment.keys import Node, nodes
from seldbench.experiment.preparing import Data, Prepared
from seldbench.experiment.provenance import (
    beginning,
    complete,
    now,
    of_no_use,
    outdated,
    parents_of,
)
from seldbench.experiment.scaling import fit_scaling
from seldbench.runs import StageFolder
from seldbench.storage import file_digest, locked, write_json
from seldbench.training.loop import Job, State, clear, fit
from seldbench.training.memory import keep_freed_memory

__all__ = ["Data", "Node", "best_device", "device_name", "execute", "keeps_spectra", "nodes"]


def execute(
    node: Node,
    prepared: Prepared,
    answers: Answers,
    progress: Progress,
    *,
    retrain: bool = False,
) -> dict[str, Any]:
    """Train a stage unless its key is finished; what done.json says. Its network is left with its
    weights, among those that answer.

    Args:
        retrain: train it anew where its source, or a parent's weights, changed since.
    """
    who = f"stage {node.name} [{node.key}]"
    others = f"{who}: another process trains it; waiting"
    with locked(node.folder.path / runs.LOCK, lambda: progress.say(others)):
        settle(node.folder)
        why = outdated(node.folder, {name: p.folder for name, p in node.parents.items()})
        if node.folder.done is None:
            _train_in(node.folder, node, prepared, answers, progress, retrain)
        elif why and retrain:
            progress.say(f"{who}: trained anew, for {why}")
            _train_in(node.folder.aside, node, prepared, answers, progress, retrain)
            settle(node.folder)
        else:
            progress.say(f"{who}: already trained")
            if why:
                progress.say(f"{who}: {why}; --retrain trains it anew")
    load_trained(prepared.assembly, node.folder)
    answers.trained[node.name] = prepared.assembly
    return complete(node)


def settle(folder: StageFolder) -> None:
    """Put what was trained aside in the place of the old, where it is finished. Broken off between
    two files, it goes on when it is called again: done.json moves last."""
    aside = folder.aside.path
    if not (aside / "done.json").exists():
        return
    for path in sorted(aside.iterdir(), key=lambda p: p.name == "done.json"):
        if path.is_file():
            os.replace(path, folder.path / path.name)
    shutil.rmtree(aside)


def best_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _train_in(
    folder: StageFolder,
    node: Node,
    prepared: Prepared,
    answers: Answers,
    progress: Progress,
    retrain: bool,
) -> None:
    """Train in a folder, or go on with what was begun in it; leaves it finished."""
    earlier = folder.about
    why = of_no_use(earlier, node, retrain)
    if why:
        progress.say(f"stage {node.name} [{node.key}]: begins anew, for {why}")
        _empty(folder)
        earlier = {}
    about = beginning(node, earlier)
    device = device_name(answers.device)
    write_json(folder.path / "stage.json", about)
    write_json(folder.path / "environment.json", runs.environment(device))
    done = _train(node, folder, prepared.with_answers(answers), answers.device, progress)
    if parents_of(node) != about["parents"]:
        raise BadRun(
            f"{folder.path}: a stage that it starts from was trained anew by another process"
            " meanwhile; start the same command again"
        )
    known = ("key", "name", "parents", "source", "data", "seed", "begun")
    own = {"weights": file_digest(folder.weights), "device": device, "finished": now()}
    write_json(folder.path / "done.json", {**done, **{k: about[k] for k in known}, **own})
    clear(folder.path)


def _empty(folder: StageFolder) -> None:
    """Take away a training that was begun."""
    clear(folder.path)
    shutil.rmtree(folder.path / "spectra", ignore_errors=True)
    for path in (folder.scaling, folder.weights, folder.path / "log.jsonl"):
        path.unlink(missing_ok=True)


def _train(
    node: Node,
    folder: StageFolder,
    prepared: Prepared,
    device: torch.device,
    progress: Progress,
) -> dict[str, Any]:
    stage, assembly = prepared.stage, prepared.assembly
    keep_freed_memory()
    begin(assembly.network, stage, {n: p.folder.weights for n, p in node.parents.items()})
    prepared.step.begin()
    assembly.to(device)
    if keeps_spectra(prepared, folder.path, device):
        assembly.windowing.store.open(folder.path / "spectra")
    fit_scaling(assembly, prepared.scaled_on, folder.scaling, device=device, progress=progress)
    for network in prepared.step.networks.values():
        network.to(device)
    progress.say(
        f"stage {node.name} [{node.key}]: {assembly.parameters:,} parameters,"
        f" {stage.training.epochs} epochs of {prepared.batches.steps} steps on {device.type}"
    )
    state = fit(_job(prepared, folder.path, device, progress))
    assembly.windowing.store.close()
    return _done(prepared, state)


def _job(prepared: Prepared, folder: Path, device: torch.device, progress: Progress) -> Job:
    validator = prepared.validator

    def validate(network: nn.Module) -> dict[str, float]:
        assert validator is not None
        return validator(network, device)

    return Job(
        training=prepared.stage.training,
        step=prepared.step,
        batches=prepared.batches,
        inputs=prepared.hearing,
        validate=validate if validator else None,
        folder=folder,
        seed=prepared.seed,
        device=device,
        progress=progress,
        average=prepared.stage.average,
    )


def _done(prepared: Prepared, state: State) -> dict[str, Any]:
    """What done.json says."""
    return {
        "format": runs.STAGE_FORMAT,
        "epochs": state.epoch,
        "steps": state.done,
        "selected": {
            "epoch": state.best_epoch,
            "network": state.best_network,
            "score": state.best,
            "on": prepared.stage.select,
            "average": prepared.stage.average,
        },
        "parameters": prepared.assembly.parameters,
        "seconds": round(state.seconds, 3),
        "seed": prepared.seed,
    }


def keeps_spectra(prepared: Prepared, folder: Path, device: torch.device) -> bool:
    """Whether the spectra of the clips that are trained and validated on are kept on disk."""
    stage, features = prepared.stage, prepared.assembly.windowing.features
    training = stage.training
    if training.keep_spectra == "never" or device.type != "cpu" or training.epochs < 2:
        return False
    if stage.augment.scene:
        return False
    clips = {id(e.clip): e.clip for g in prepared.batches.groups for e in g.examples}
    values = sum(clip.duration for clip in clips.values()) / features.hop
    needed = 4 * values * features.channels * features.bins
    folder.mkdir(parents=True, exist_ok=True)
    return needed < shutil.disk_usage(folder).free / 4
