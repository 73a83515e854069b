"""Stages are a build graph: keys from what determines a training, an order, and their execution.

A finished key is never trained again, a broken one goes on where it stopped. Two processes that
want the same stage wait for each other.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seldbench import registry, runs
from seldbench.augment import SCENE, SPECTRUM, Augmentation
from seldbench.contracts import Clip, Dataset, Progress
from seldbench.errors import BadRecipe, MissingData, UnknownName, near
from seldbench.experiment.assembly import Assembly, assemble, initialise
from seldbench.experiment.checks import check_batch
from seldbench.experiment.scaling import fit_scaling
from seldbench.experiment.validation import Validator
from seldbench.recipe import Component, Recipe, Stage, canonical
from seldbench.runs import StageFolder
from seldbench.storage import locked, write_json
from seldbench.training.data import Batches, Group, Labels, make_group
from seldbench.training.inputs import Hearing
from seldbench.training.loop import Job, fit
from seldbench.training.memory import keep_freed_memory
from seldbench.training.steps import MeanTeacher, Step, Supervised


@dataclass(frozen=True)
class Data:
    """The clips that a run may use: of one data set and fold, at most `limit` of each split."""

    dataset: Dataset
    fold: int = 0
    limit: int | None = None

    def clips(self, split: str) -> Sequence[Clip]:
        """Raises UnknownName for a split that the set lacks, MissingData for an empty one."""
        if split not in self.dataset.splits:
            raise UnknownName(
                f"{self.dataset.name} has no split {split!r}{near(split, self.dataset.splits)};"
                f" it has: {', '.join(self.dataset.splits)}"
            )
        clips = self.dataset.clips(split, self.fold)
        if not clips:
            raise MissingData(f"{self.dataset.name}: no clip of {split!r} was found")
        return clips if self.limit is None else clips[: self.limit]


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
    fingerprint = data.dataset.fingerprint()
    made: dict[str, Node] = {}
    for name in order:
        stage = recipe.stages[name]
        parents = {parent: made[parent] for parent in stage.parents}
        key = runs.digest(
            {
                "format": runs.STAGE_FORMAT,
                "stage": canonical(stage),
                "selection": canonical(recipe.post.model_copy(update={"tune": None})),
                "versions": _versions(recipe.architecture, stage),
                "data": [data.dataset.name, fingerprint, data.fold, data.limit],
                "seed": seed,
                "parents": {parent: node.key for parent, node in parents.items()},
                "init": {o.path: _file_digest(o.path) for o in stage.origins.values() if o.path},
            }
        )
        made[name] = Node(name, stage, key, StageFolder(folder / key), parents)
    return list(made.values())


@dataclass(frozen=True)
class Prepared:
    """A stage checked and put together: nothing is left that could be wrong but the training."""

    node: Node
    assembly: Assembly
    batches: Batches
    step: Step
    hearing: Hearing
    validator: Validator | None
    scaled_on: tuple[Clip, ...]


def prepare(node: Node, recipe: Recipe, data: Data, seed: int) -> Prepared:
    """Build everything that a training needs and try it; a dry run stops here.

    Raises:
        UnknownName, BadRecipe, MissingData: what the training would have failed on.
    """
    stage = node.stage
    assembly = assemble(recipe.architecture, stage, data.dataset.classes, seed)
    for part, origin in stage.origins.items():
        if origin.path is not None:  # to refuse those of another network; the training begins anew
            initialise(assembly.network, part, Path(origin.path), origin.part)
    groups = [
        make_group(
            name,
            size,
            [clip for split in name.split("+") for clip in data.clips(split)],
            heads=stage.heads,
            windowing=assembly.windowing,
            hop=stage.training.hop,
        )
        for name, size in stage.batch.items()
    ]
    check_batch(stage)
    grid = assembly.windowing.grid
    labels = {n: Labels(form, assembly.frames, grid) for n, form in assembly.formats.items()}
    batches = Batches(
        groups,
        labels,
        assembly.windowing,
        seed=seed,
        steps=stage.training.steps,
        whole_statistics=assembly.windowing.features.statistics and _plain_windows(stage, groups),
    )
    kept: dict[str, Any] = {"heads": stage.heads, "formats": assembly.formats, "groups": groups}
    step: Step
    if stage.training.step == "mean_teacher":
        step = MeanTeacher(
            assembly.network,
            **kept,
            consistency=stage.training.consistency,
            steps_per_epoch=batches.steps,
        )
    else:
        step = Supervised(assembly.network, **kept)
    validator = None
    if isinstance(stage.select, dict):
        splits = {split: list(data.clips(split)) for split in stage.select}
        validator = Validator(assembly, splits, stage.select, recipe.post)
    hearing = Hearing(
        assembly.windowing,
        assembly.formats,
        scene=_augmentations(stage, "scene"),
        spectrum=_augmentations(stage, "spectrum"),
        view=_augmentations(stage, "view"),
        channels_last=stage.training.channels_last,
    )
    hearing.try_out(batches.trial())
    fitted = assembly.windowing.features.fitted
    scaled_on = [c for split in stage.fitted_on for c in data.clips(split)] if fitted else []
    for split in dict.fromkeys([*stage.trained_on, *stage.fitted_on, *stage.selected_on]):
        assembly.windowing.check(data.clips(split))
    return Prepared(node, assembly, batches, step, hearing, validator, tuple(scaled_on))


def execute(
    prepared: Prepared, seed: int, device: torch.device, progress: Progress
) -> dict[str, Any]:
    """Train a stage unless its key is finished; what done.json says."""
    node = prepared.node
    who = f"stage {node.name} [{node.key}]"
    others = f"{who}: another process trains it; waiting"
    with locked(node.folder.path / ".lock", lambda: progress.say(others)):
        if node.folder.done is not None:
            progress.say(f"{who}: already trained")
            return node.folder.done
        write_json(node.folder.path / "stage.json", node.stage.model_dump(mode="json"))
        environment = runs.environment(device_name(device))
        write_json(node.folder.path / "environment.json", environment)
        done = _train(prepared, seed, device, progress)
        write_json(node.folder.path / "done.json", done)
    return done


def best_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _train(
    prepared: Prepared, seed: int, device: torch.device, progress: Progress
) -> dict[str, Any]:
    node, stage, assembly = prepared.node, prepared.node.stage, prepared.assembly
    keep_freed_memory()
    for part, origin in stage.origins.items():
        source = (
            Path(origin.path) if origin.path else node.parents[origin.stage or ""].folder.weights
        )
        initialise(assembly.network, part, source, origin.part)
    prepared.step.begin()
    assembly.to(device)
    if keeps_spectra(prepared, device):
        assembly.windowing.store.open(node.folder.path / "spectra")
    fit_scaling(assembly, prepared.scaled_on, node.folder.scaling, device=device, progress=progress)
    for network in prepared.step.networks.values():
        network.to(device)
    validator = prepared.validator
    progress.say(
        f"stage {node.name} [{node.key}]: {assembly.parameters:,} parameters,"
        f" {stage.training.epochs} epochs of {prepared.batches.steps} steps on {device.type}"
    )

    def validate(network: nn.Module) -> dict[str, float]:
        assert validator is not None
        return validator(network, device)

    state = fit(
        Job(
            training=stage.training,
            step=prepared.step,
            batches=prepared.batches,
            inputs=prepared.hearing,
            validate=validate if validator else None,
            folder=node.folder.path,
            seed=seed,
            device=device,
            progress=progress,
        )
    )
    assembly.windowing.store.close()
    return {
        "format": runs.STAGE_FORMAT,
        "epochs": state.epoch,
        "steps": state.done,
        "selected": {
            "epoch": state.best_epoch,
            "network": state.best_network,
            "score": state.best,
            "on": stage.select,
        },
        "parameters": assembly.parameters,
        "seconds": round(state.seconds, 3),
        "seed": seed,
    }


def keeps_spectra(prepared: Prepared, device: torch.device) -> bool:
    """Whether the spectra of the clips that are trained and validated on are kept on disk."""
    stage, features = prepared.node.stage, prepared.assembly.windowing.features
    training = stage.training
    if training.keep_spectra == "never" or device.type != "cpu" or training.epochs < 2:
        return False
    if stage.augment.scene:
        return False
    clips = {id(e.clip): e.clip for g in prepared.batches.groups for e in g.examples}
    values = sum(clip.duration for clip in clips.values()) / features.hop
    needed = 4 * values * features.channels * features.bins
    prepared.node.folder.path.mkdir(parents=True, exist_ok=True)
    return needed < shutil.disk_usage(prepared.node.folder.path).free / 4


def _plain_windows(stage: Stage, groups: Sequence[Group]) -> bool:
    """Whether windows of longer clips go to the network as they are."""
    augment = stage.augment
    longer = any(e.clip.duration > stage.training.window for g in groups for e in g.examples)
    return longer and not (augment.scene or augment.spectrum or augment.view)


def _versions(architecture: str, stage: Stage) -> dict[str, int]:
    found = {f"architecture {architecture}": registry.find("architectures", architecture).version}
    features = stage.features.name
    found[f"features {features}"] = registry.find("features", features).version
    for head in stage.heads.values():
        found[f"format {head.format.name}"] = registry.find("formats", head.format.name).version
    return found


def _file_digest(path: str) -> str:
    """SHA-256 of first weights given as a file. Raises MissingData where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingData(f"init: {path}: {error.strerror}; give the weights' path") from None


def _augmentations(stage: Stage, where: str) -> list[Augmentation]:
    known = SCENE if where == "scene" else SPECTRUM
    chosen: list[Component] = getattr(stage.augment, where)
    made = []
    for component in chosen:
        if component.name not in known:
            raise UnknownName(
                f"augment.{where}: no augmentation {component.name!r}{near(component.name, known)};"
                f" there are: {', '.join(sorted(known))}"
            )
        try:
            made.append(known[component.name](**component.arguments))
        except (TypeError, ValueError) as error:
            raise BadRecipe(f"augment.{where}: {component.name}: {error}") from None
    return made
