"""What finished stages say of clips: inputs of further stages, and labels for clips without any."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from seldbench.contracts import Clip, Progress
from seldbench.errors import BadRecipe
from seldbench.events import EventList
from seldbench.experiment.assembly import Assembly, assemble, input_sizes, load_trained
from seldbench.experiment.validation import fixed, mask_of
from seldbench.inference.decoding import decode, masked
from seldbench.inference.outputs import Given, nothing
from seldbench.recipe import Input, Pseudo, Recipe, Stage
from seldbench.runs import Run

# Labels in the place of those to come, while a recipe is tried out.
UNKNOWN: dict[str, dict[str, Any]] = {
    "strong": {"events": EventList()},
    "weak": {"labels": frozenset()},
}


class Answers:
    """Stages whose weights are there, at work. What inputs need of a clip is computed once.

    Args:
        trained: by name, filled with their weights; more may be added as they are trained.
    """

    def __init__(
        self,
        recipe: Recipe,
        trained: dict[str, Assembly],
        device: torch.device,
        progress: Progress,
    ) -> None:
        self.trained = trained
        self.device = device
        self.recipe, self._progress = recipe, progress
        self._inputs: dict[tuple[str, str, int], tuple[Clip, Tensor]] = {}

    def given(self, stage: Stage) -> Given:
        """What a stage hears of a clip besides its features, as other stages say it."""
        if not stage.inputs:
            return nothing
        told = {n: source for n, source in stage.inputs.items() if source.stage is not None}
        return lambda clip: {name: self._input(source, clip) for name, source in told.items()}

    def prepare(self, stage: Stage, clips: Sequence[Clip]) -> None:
        """The inputs of many clips, heard together: quicker than clip by clip."""
        for source in stage.inputs.values():
            if source.stage is None:
                continue
            new = [c for c in clips if (source.stage, source.head, id(c)) not in self._inputs]
            for clip, outputs in self._heard(source.stage, new):
                self._keep(source, clip, outputs)

    def labelled(self, clips: Sequence[Clip], pseudo: Pseudo) -> list[Clip]:
        """The clips with a stage's decisions, by the recipe's post-processing, as their labels.

        Raises:
            BadRecipe: the stage says no events, or no clip scores.
        """
        assembly = self.trained[pseudo.stage]
        post = fixed(self.recipe.post, assembly.classes)
        found = []
        for clip, outputs in self._heard(pseudo.stage, clips):
            said = decode(
                masked(outputs, mask_of(assembly, self.recipe.post)),
                clip,
                formats=assembly.formats,
                hop=assembly.grid,
                post=post,
            )
            if pseudo.kind == "strong" and said.events is not None:
                found.append(replace(clip, events=said.events))
            elif pseudo.kind == "weak" and said.clip_scores is not None:
                scores = zip(assembly.classes, said.clip_scores)
                above = frozenset(c for c, score in scores if score > post.thresholds[c])
                found.append(replace(clip, labels=above))
            else:
                what = "events" if pseudo.kind == "strong" else "scores of clips"
                raise BadRecipe(f"labels: stage {pseudo.stage!r} says no {what}")
        return found

    def _input(self, source: Input, clip: Clip) -> Tensor:
        assert source.stage is not None and source.head is not None  # see `given`
        key = (source.stage, source.head, id(clip))
        if key not in self._inputs:
            for same, outputs in self._heard(source.stage, [clip]):
                self._keep(source, same, outputs)
        return self._inputs[key][1]

    def _keep(self, source: Input, clip: Clip, outputs: Mapping[str, Tensor]) -> None:
        assert source.stage is not None and source.head is not None  # see `given`
        answer = outputs[source.head]
        if answer.dim() != 1:
            raise BadRecipe(
                f"inputs: head {source.head!r} of stage {source.stage!r} says {answer.dim()}"
                " dimensions of a clip; only one value a class can be given to another network"
            )
        # The clip is kept with it: its identity is the key.
        self._inputs[source.stage, source.head, id(clip)] = (clip, answer)

    def _heard(self, name: str, clips: Sequence[Clip]) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        assembly = self.trained[name]
        self.prepare(assembly.stage, clips)
        listener = assembly.listener(assembly.network, self.device, self.given(assembly.stage))
        for done, heard in enumerate(listener(clips), start=1):
            self._progress.advance(f"stage {name} listens", done, len(clips))
            yield heard


def reopened(
    run: Run, recipe: Recipe, classes: tuple[str, ...], device: torch.device, progress: Progress
) -> Answers:
    """The stages of a finished run that answer, or that those need as inputs, with their weights.

    Raises:
        BadRun: weights that are gone, or of another network.
    """
    answers = Answers(recipe, {}, device, progress)
    waiting = [*recipe.answering.values()]
    while waiting:
        name = waiting.pop()
        stage = recipe.stages[name]
        assembly = assemble(stage, classes, 0, input_sizes(recipe, stage, classes))
        load_trained(assembly, run.stage(name))
        answers.trained[name] = assembly
        waiting += [source.stage for source in stage.inputs.values() if source.stage]
    return answers
