"""What a system says of the sources of mixtures: who the asked-for source is, or who sounds in
every direction that is found; and how it answers where a part of the truth is given to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from seldbench.contracts import Clip, OutputFormat, PostProcessing, Progress
from seldbench.errors import BadRecipe
from seldbench.experiment.assembly import Assembly, answer_to_silence, silent_clip
from seldbench.experiment.system import System
from seldbench.experiment.truths import truths
from seldbench.geometry import circle
from seldbench.inference.decoding import decode
from seldbench.inference.directions import best_threshold
from seldbench.inference.outputs import Given, nothing
from seldbench.prediction import Prediction
from seldbench.recipe import Recipe

Array = np.ndarray
DIRECTION = "direction"  # the input of a network that is asked about one direction
TOGETHER = 64  # mixtures whose directions are known before their sources are heard


@dataclass(frozen=True, eq=False)
class Answer:
    """About one source. scores: (classes,). azimuth: degrees, None where no head says directions.
    signal: (samples,), the source alone at 16 kHz, None where no head says it."""

    scores: Array
    azimuth: float | None
    signal: Array | None


@dataclass(frozen=True)
class SourceListener:
    """The stage that answers, at work on mixtures."""

    recipe: Recipe
    assembly: Assembly
    device: torch.device
    progress: Progress

    @property
    def each(self) -> bool:
        """Whether every direction is answered about."""
        return self.recipe.system == "each_direction"

    def answers(
        self, clips: Sequence[Clip], post: PostProcessing
    ) -> Iterator[tuple[Clip, list[Answer]]]:
        """Of every mixture one answer, or one for each direction above `post.direction`."""
        heard = self._about_directions(clips, post) if self.each else self._single(clips, post)
        for done, (clip, answers) in enumerate(heard, start=1):
            self.progress.advance("listening", done, len(clips), clip.id)
            yield clip, answers

    def with_truth(
        self, name: str, clips: Sequence[Clip], post: PostProcessing
    ) -> Iterator[tuple[Clip, Answer]]:
        """Of every clip the answer about its target, with the truth that the recipe's oracle of
        this name gives; nothing is separated."""
        given = truths(self.assembly, self.recipe.oracles[name], f"oracles.{name}")
        said = self._heard(clips, post, given, self.heads("clip_scores"))
        for done, (clip, prediction) in enumerate(said, start=1):
            self.progress.advance(f"listening, {name} given", done, len(clips), clip.id)
            yield clip, _answer(prediction, None)

    def threshold(self, clips: Sequence[Clip], values: Sequence[float]) -> float:
        """The value that finds the directions of sources best (see `best_threshold`)."""
        heads = self.heads("direction_scores")
        ((name, form),) = heads.items()
        grid = self.assembly.windowing.grid
        true = [form.encode(clip, 0.0, self.assembly.frames, grid).numpy() for clip in clips]
        said = []
        for done, (_, outputs) in enumerate(self._outputs(clips, nothing, heads), start=1):
            self.progress.advance("listening for directions", done, len(clips))
            said.append(outputs[name].numpy())
        return best_threshold(np.stack(said), np.stack(true) > 0, values)

    def heads(self, field: str) -> dict[str, OutputFormat]:
        """Those that say a field of Prediction."""
        silent, clip = answer_to_silence(self.assembly), silent_clip(self.assembly)
        post = PostProcessing({}, {}, "none")
        hop = self.assembly.grid
        return {
            name: form
            for name, form in self.assembly.formats.items()
            if getattr(form.decode(silent[name], clip, hop, post), field) is not None
        }

    def _single(
        self, clips: Sequence[Clip], post: PostProcessing
    ) -> Iterator[tuple[Clip, list[Answer]]]:
        for clip, said in self._heard(clips, post, nothing, self.assembly.formats):
            scores = said.direction_scores
            azimuth = None if scores is None else float(circle(len(scores))[scores.argmax()])
            yield clip, [_answer(said, azimuth)]

    def _about_directions(
        self, clips: Sequence[Clip], post: PostProcessing
    ) -> Iterator[tuple[Clip, list[Answer]]]:
        """First where sources are, then who each is."""
        assert post.direction is not None  # the recipe's own rule
        where = self.heads("direction_scores")
        who = {name: form for name, form in self.assembly.formats.items() if name not in where}
        for first in range(0, len(clips), TOGETHER):
            some = clips[first : first + TOGETHER]
            asked: list[tuple[Clip, float, Tensor]] = []
            for clip, said in self._heard(some, post, nothing, where):
                assert said.direction_scores is not None  # what the head says
                above = said.direction_scores > post.direction
                maps = torch.eye(len(above))
                asked += [(clip, circle(len(above))[k], maps[k]) for k in np.flatnonzero(above)]
            answers: dict[int, list[Answer]] = {id(clip): [] for clip in some}
            for (clip, azimuth, _), said in zip(asked, self._asked(asked, post, who)):
                answers[id(clip)].append(_answer(said, float(azimuth)))
            yield from ((clip, answers[id(clip)]) for clip in some)

    def _asked(
        self,
        asked: Sequence[tuple[Clip, float, Tensor]],
        post: PostProcessing,
        heads: Mapping[str, OutputFormat],
    ) -> Iterator[Prediction]:
        """What is said of each direction, in order."""
        # A clip of its own for each: what is given goes by the clip.
        copies = [replace(clip, target=None) for clip, _, _ in asked]
        maps = {id(copy): one for copy, (_, _, one) in zip(copies, asked)}
        heard = self._heard(copies, post, lambda clip: {DIRECTION: maps[id(clip)]}, heads)
        return (said for _, said in heard)

    def _heard(
        self,
        clips: Sequence[Clip],
        post: PostProcessing,
        given: Given,
        heads: Mapping[str, OutputFormat],
    ) -> Iterator[tuple[Clip, Prediction]]:
        hop = self.assembly.grid
        for clip, outputs in self._outputs(clips, given, heads):
            yield clip, decode(outputs, clip, formats=heads, hop=hop, post=post)

    def _outputs(
        self, clips: Sequence[Clip], given: Given, heads: Mapping[str, OutputFormat]
    ) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        listener = self.assembly.listener(self.assembly.network, self.device, given)
        return replace(listener, formats=heads)(clips)


def source_listener(
    recipe: Recipe, system: System, device: torch.device, progress: Progress
) -> SourceListener:
    """Of a system of one stage.

    Raises:
        BadRecipe: no head, or several, that says classes or directions where these are asked for.
    """
    ((_, assembly),) = system.parts.items()
    listener = SourceListener(recipe, assembly, device, progress)
    wanted = {"clip_scores": "source_class", "direction_scores": "direction"}
    for field, form in wanted.items():
        if field == "direction_scores" and not listener.each:
            continue
        if len(listener.heads(field)) != 1:
            raise BadRecipe(
                f"heads: one head of format {form} says what is asked of sources, and here"
                f" {len(listener.heads(field))} do; give the stage that answers exactly one"
            )
    return listener


def _answer(said: Prediction, azimuth: float | None) -> Answer:
    assert said.clip_scores is not None  # see `source_listener`
    signal = None if said.sources is None else said.sources[0]
    return Answer(said.clip_scores, azimuth, signal)
