"""A stage checked and put together before anything is trained: what would fail, fails here."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from seldbench.augment import SCENE, SPECTRUM, Augmentation
from seldbench.contracts import Clip, Dataset
from seldbench.errors import BadRecipe, MissingData, UnknownName, near
from seldbench.experiment.answers import UNKNOWN, Answers
from seldbench.experiment.assembly import Assembly, assemble, input_sizes, make_format
from seldbench.experiment.beginning import begin
from seldbench.experiment.checks import check_batch
from seldbench.experiment.truths import truths
from seldbench.experiment.validation import Validator
from seldbench.inference.outputs import Given, nothing
from seldbench.recipe import Component, Recipe, Stage
from seldbench.training.data import Batches, Example, Group, Labels, make_group
from seldbench.training.inputs import Hearing
from seldbench.training.schedule import parameter_groups
from seldbench.training.steps import MeanTeacher, Step, Supervised

Relabel = Callable[[str, Sequence[Clip]], Sequence[Clip]]


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
class Prepared:
    """A stage checked and put together: nothing is left that could be wrong but the training."""

    stage: Stage
    data: Data
    seed: int
    assembly: Assembly
    batches: Batches
    step: Step
    hearing: Hearing
    validator: Validator | None
    scaled_on: tuple[Clip, ...]

    def with_answers(self, answers: Answers) -> "Prepared":
        """With the labels and inputs that finished stages give; the same where it needs none."""
        stage = self.stage
        if not stage.labels and len(stage.untold) == len(stage.inputs):
            return self
        groups = _groups(
            stage,
            self.data,
            self.assembly,
            lambda split, clips: (
                answers.labelled(clips, stage.labels[split]) if split in stage.labels else clips
            ),
        )
        answers.prepare(stage, _without_truth(stage, groups))
        validator = self.validator
        if validator is not None:
            for clips in validator.splits.values():
                answers.prepare(stage, clips)
            validator = replace(validator, given=_given_by(self.assembly, answers))
        batches = _batches(self.assembly, groups, self.seed, answers)
        return replace(self, batches=batches, validator=validator)


def prepare(recipe: Recipe, stage: Stage, data: Data, seed: int) -> Prepared:
    """Build everything that a training needs and try it; a dry run stops here.

    Raises:
        UnknownName, BadRecipe, MissingData: what the training would have failed on.
    """
    classes = data.dataset.classes
    assembly = assemble(stage, classes, seed, input_sizes(recipe, stage, classes))
    begin(assembly.network, stage, {})  # to refuse weights of another network; trained anew later
    parameter_groups(stage.training, assembly.network)  # to refuse parts that it lacks
    check_batch(stage)
    groups = _groups(stage, data, assembly, lambda split, clips: _unlabelled(stage, split, clips))
    batches = _batches(assembly, groups, seed, None)
    validator = None
    if isinstance(stage.select, dict):
        splits = {split: list(data.clips(split)) for split in stage.select}
        validator = Validator(
            assembly,
            splits,
            stage.select,
            recipe.post,
            recipe.scorers[0],
            _given_by(assembly, None),
        )
    hearing = Hearing(
        assembly.windowing,
        assembly.formats,
        scene=_augmentations(stage, "scene"),
        spectrum=_augmentations(stage, "spectrum"),
        view=_augmentations(stage, "view"),
        channels_last=stage.training.channels_last,
    )
    try:
        trial = batches.trial()
    except ValueError as error:  # a head is on for clips that it cannot be taught by
        raise BadRecipe(f"stage of {stage.architecture}, heads: {error}") from error
    hearing.try_out(trial)
    fitted = assembly.windowing.features.fitted
    scaled_on = [c for split in stage.fitted_on for c in data.clips(split)] if fitted else []
    for split in dict.fromkeys([*stage.trained_on, *stage.fitted_on, *stage.selected_on]):
        assembly.windowing.check(data.clips(split))
    step = _step(assembly, groups, batches.steps)
    return Prepared(
        stage,
        data,
        seed,
        assembly,
        batches,
        step,
        hearing,
        validator,
        tuple(_heard(assembly, scaled_on)),
    )


def _step(assembly: Assembly, groups: Sequence[Group], steps: int) -> Step:
    stage = assembly.stage
    kept: dict[str, Any] = {"heads": stage.heads, "formats": assembly.formats, "groups": groups}
    if stage.training.step == "supervised":
        return Supervised(assembly.network, **kept)
    return MeanTeacher(
        assembly.network, **kept, consistency=stage.training.consistency, steps_per_epoch=steps
    )


def _groups(stage: Stage, data: Data, assembly: Assembly, relabel: Relabel) -> list[Group]:
    return [
        make_group(
            name,
            size,
            _heard(assembly, (c for s in name.split("+") for c in relabel(s, data.clips(s)))),
            heads=stage.heads,
            windowing=assembly.windowing,
            hop=stage.training.hop,
        )
        for name, size in stage.batch.items()
    ]


def _heard(assembly: Assembly, clips: Iterable[Clip]) -> list[Clip]:
    """What is heard of clips: these, or each of their microphones."""
    return [view for clip in clips for view in assembly.windowing.views(clip)]


def _batches(
    assembly: Assembly, groups: Sequence[Group], seed: int, answers: Answers | None
) -> Batches:
    """Inputs by the answers of other stages; zeros, to try it out, while there are none."""
    stage, grid = assembly.stage, assembly.windowing.grid
    hop = stage.training.hop or stage.training.window
    labels = {n: Labels(form, assembly.frames, grid) for n, form in assembly.formats.items()}
    return Batches(
        groups,
        labels,
        assembly.windowing,
        seed=seed,
        steps=stage.training.steps,
        whole_statistics=assembly.windowing.features.statistics and _plain_windows(stage, groups),
        given={name: _given(assembly, name, answers) for name in stage.inputs},
        balanced=stage.training.balanced,
        phase=hop if stage.training.random_phase else None,
    )


def _given_by(assembly: Assembly, answers: Answers | None) -> Given:
    """The inputs of a clip that is selected by: the truth of those that no stage says."""
    stage = assembly.stage
    untold = {name: stage.inputs[name].truth for name in stage.untold}
    known = (
        truths(assembly, {n: c for n, c in untold.items() if c}, "inputs") if untold else nothing
    )
    said = nothing if answers is None else answers.given(stage)
    return lambda clip: {**known(clip), **said(clip)}


def _given(assembly: Assembly, name: str, answers: Answers | None) -> Callable[[Example], Tensor]:
    """An input of an example: its own labels where it has them and the recipe says so."""
    stage, size = assembly.stage, assembly.inputs[name]
    source, heard = stage.inputs[name], None if answers is None else answers.given(stage)
    truth = None
    if source.truth is not None:
        truth = make_format(f"inputs.{name}.truth", source.truth, assembly.classes)

    def value(example: Example) -> Tensor:
        if truth is not None and _known(example.clip):
            return truth.encode(
                example.clip, example.onset, assembly.frames, assembly.windowing.grid
            )
        if source.stage is None:
            raise ValueError(f"inputs.{name}: {example.clip.id} has no labels to be its truth")
        return torch.zeros(size) if heard is None else heard(example.clip)[name]

    return value


def _known(clip: Clip) -> bool:
    return clip.events is not None or clip.labels is not None


def _without_truth(stage: Stage, groups: Sequence[Group]) -> list[Clip]:
    """The clips of which another stage must be asked."""
    every = {id(e.clip): e.clip for group in groups for e in group.examples}
    asked = any(source.truth is None for source in stage.inputs.values())
    return [clip for clip in every.values() if asked or not _known(clip)]


def _unlabelled(stage: Stage, split: str, clips: Sequence[Clip]) -> Sequence[Clip]:
    """Clips whose labels another stage will give, with none."""
    if split not in stage.labels:
        return clips
    return [replace(clip, **UNKNOWN[stage.labels[split].kind]) for clip in clips]


def _plain_windows(stage: Stage, groups: Sequence[Group]) -> bool:
    """Whether windows of longer clips go to the network as they are."""
    augment = stage.augment
    longer = any(e.clip.duration > stage.training.window for g in groups for e in g.examples)
    return longer and not (augment.scene or augment.spectrum or augment.view)


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
