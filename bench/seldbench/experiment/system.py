"""The stages that answer, as one system: their outputs put together before anything is decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from seldbench.contracts import Clip, OutputFormat
from seldbench.errors import BadRecipe
from seldbench.experiment.answers import Answers
from seldbench.experiment.assembly import Assembly, answer_to_silence
from seldbench.formats.sed_doa import SedDoa
from seldbench.recipe import Recipe

JOINED = "frames"  # the head that two stages are together
# The format of the one head of each stage of a system of two.
HALVES = {"activity": "strong", "directions": "doa"}


@dataclass(frozen=True)
class System:
    """parts: the stages' assemblies by what they answer, see `Recipe.answering`. formats: of the
    outputs of all together."""

    parts: Mapping[str, Assembly]
    formats: Mapping[str, OutputFormat]

    @property
    def classes(self) -> tuple[str, ...]:
        return self._first.classes

    @property
    def grid(self) -> float:
        """Seconds of a label frame."""
        return self._first.grid

    @property
    def _first(self) -> Assembly:
        return next(iter(self.parts.values()))

    def check(self, clips: Sequence[Clip]) -> None:
        """Raises BadFile or MissingData for a clip that has not what a stage hears."""
        for part in self.parts.values():
            part.windowing.check(clips)

    def heard(
        self, clips: Sequence[Clip], answers: Answers
    ) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        """The outputs of every clip, one after the other.

        Args:
            answers: what stages are given besides their features comes from these.
        """
        every = [_heard(part, clips, answers) for part in self.parts.values()]
        for together in zip(*every, strict=True):
            yield together[0][0], self._joined([outputs for _, outputs in together])

    def of_silence(self) -> dict[str, Tensor]:
        """Outputs of one silent window, as of a clip."""
        return self._joined([answer_to_silence(part) for part in self.parts.values()])

    def _joined(self, outputs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Activity and directions side by side, over the frames that both have; the outputs of one
        stage as they are."""
        if len(outputs) == 1:
            return dict(outputs[0])
        halves = [next(iter(of_part.values())) for of_part in outputs]
        frames = min(len(half) for half in halves)
        return {JOINED: torch.cat([half[:frames] for half in halves], dim=-1)}


def system_of(recipe: Recipe, assemblies: Mapping[str, Assembly]) -> System:
    """The answering stages of a recipe.

    Args:
        assemblies: by stage, more of them or only these.

    Raises:
        BadRecipe: two stages whose outputs cannot be put together.
    """
    parts = {part: assemblies[stage] for part, stage in recipe.answering.items()}
    if recipe.answers is None:
        return System(parts, next(iter(parts.values())).formats)
    for part, wanted in HALVES.items():
        _check_half(part, recipe.answering[part], parts[part], wanted)
    grids = [part.grid for part in parts.values()]
    if abs(grids[0] - grids[1]) > 1e-6:
        raise BadRecipe(
            f"answers: label frames of {grids[0]:g} s and of {grids[1]:g} s; bring both to one"
            " length with inference.grid"
        )
    return System(parts, {JOINED: cast(OutputFormat, SedDoa(parts["activity"].classes))})


def with_network(system: System, network: torch.nn.Module) -> System:
    """A system of one stage whose network is another."""
    ((part, assembly),) = system.parts.items()
    return replace(system, parts={part: replace(assembly, network=network)})


def _check_half(part: str, stage: str, assembly: Assembly, wanted: str) -> None:
    given = [head.format.name for head in assembly.stage.heads.values()]
    if given != [wanted]:
        raise BadRecipe(
            f"answers.{part}: stage {stage!r} has heads of format {', '.join(given)}; the"
            f" {part} of two stages comes from one head of format {wanted}"
        )


def _heard(
    assembly: Assembly, clips: Sequence[Clip], answers: Answers
) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
    answers.prepare(assembly.stage, clips)
    given = answers.given(assembly.stage)
    return iter(assembly.listener(assembly.network, answers.device, given)(clips))
