"""Stages are a build graph: keys from what determines a training, an order, and their execution.

A finished key is never trained again, a broken one goes on where it stopped. Two processes that
want the same stage wait for each other.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seldbench import registry, runs
from seldbench.contracts import Progress
from seldbench.errors import BadRecipe
from seldbench.experiment.answers import Answers
from seldbench.experiment.assembly import load_trained
from seldbench.experiment.beginning import begin
from seldbench.experiment.preparing import Data, Prepared
from seldbench.experiment.released import file_digest
from seldbench.experiment.scaling import fit_scaling
from seldbench.recipe import Recipe, Stage, canonical
from seldbench.runs import StageFolder
from seldbench.storage import locked, write_json
from seldbench.training.loop import Job, State, fit
from seldbench.training.memory import keep_freed_memory


@dataclass(frozen=True)
class Node:
    """A stage of a run with its key and folder."""

    name: str
    stage: Stage
    key: str
    folder: StageFolder
    parents: Mapping[str, "Node"]


def nodes(recipe: Recipe, data: Data, seed: int, folder: Path) -> list[Node]:
    """The stages in an order in which each comes after those that it starts from.

    Raises:
        BadRecipe: stages that wait for each other.
    """
    waits = {name: stage.parents for name, stage in recipe.stages.items()}
    try:
        order = list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise BadRecipe(f"stages wait for each other: {' -> '.join(error.args[1])}") from None
    made: dict[str, Node] = {}
    for name in order:
        stage = recipe.stages[name]
        parents = {parent: made[parent] for parent in stage.parents}
        key = runs.digest(_determined(recipe, stage, data, seed, parents))
        made[name] = Node(name, stage, key, StageFolder(folder / key), parents)
    return list(made.values())


def _determined(
    recipe: Recipe, stage: Stage, data: Data, seed: int, parents: Mapping[str, Node]
) -> dict[str, Any]:
    """All that a training hangs on. A file of weights counts by its content, not its place."""
    files = {part: o.path for part, o in stage.origins.items() if o.path}
    placeless = {p: o.model_copy(update={"path": None}) for p, o in stage.origins.items()}
    return {
        "format": runs.STAGE_FORMAT,
        "stage": canonical(stage.model_copy(update={"init": {**stage.init, **placeless}})),
        "selection": canonical(recipe.post.model_copy(update={"tune": None})),
        "versions": _versions(stage),
        "data": [data.dataset.name, data.dataset.fingerprint(), data.fold, data.limit],
        "seed": seed,
        "parents": {parent: node.key for parent, node in parents.items()},
        "init": {part: file_digest(Path(path)) for part, path in files.items()},
    }


def execute(node: Node, prepared: Prepared, answers: Answers, progress: Progress) -> dict[str, Any]:
    """Train a stage unless its key is finished; what done.json says. Its network is left with its
    weights, among those that answer."""
    who = f"stage {node.name} [{node.key}]"
    others = f"{who}: another process trains it; waiting"
    with locked(node.folder.path / ".lock", lambda: progress.say(others)):
        done = node.folder.done
        if done is not None:
            progress.say(f"{who}: already trained")
        else:
            write_json(node.folder.path / "stage.json", node.stage.model_dump(mode="json"))
            environment = runs.environment(device_name(answers.device))
            write_json(node.folder.path / "environment.json", environment)
            done = _train(node, prepared.with_answers(answers), answers.device, progress)
            write_json(node.folder.path / "done.json", done)
    load_trained(prepared.assembly, node.folder)
    answers.trained[node.name] = prepared.assembly
    return done


def best_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _train(
    node: Node, prepared: Prepared, device: torch.device, progress: Progress
) -> dict[str, Any]:
    stage, assembly = prepared.stage, prepared.assembly
    keep_freed_memory()
    begin(assembly.network, stage, {n: p.folder.weights for n, p in node.parents.items()})
    prepared.step.begin()
    assembly.to(device)
    if keeps_spectra(prepared, node.folder.path, device):
        assembly.windowing.store.open(node.folder.path / "spectra")
    fit_scaling(assembly, prepared.scaled_on, node.folder.scaling, device=device, progress=progress)
    for network in prepared.step.networks.values():
        network.to(device)
    progress.say(
        f"stage {node.name} [{node.key}]: {assembly.parameters:,} parameters,"
        f" {stage.training.epochs} epochs of {prepared.batches.steps} steps on {device.type}"
    )
    state = fit(_job(prepared, node.folder.path, device, progress))
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


def _versions(stage: Stage) -> dict[str, int]:
    architecture = stage.architecture
    found = {f"architecture {architecture}": registry.find("architectures", architecture).version}
    features = stage.features.name
    found[f"features {features}"] = registry.find("features", features).version
    for head in stage.heads.values():
        found[f"format {head.format.name}"] = registry.find("formats", head.format.name).version
    for name in (o.weights.name for o in stage.released.values() if o.weights):
        found[f"weights {name}"] = registry.find("weights", name).version
    return found
