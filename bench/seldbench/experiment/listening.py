"""The trained system of a run at work: post-processing tuned, predictions made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from seldbench.contracts import Clip, PostProcessing, Progress
from seldbench.errors import BadRecipe
from seldbench.evaluation import class_event_f1, class_f20, class_psds1
from seldbench.events import DirectionTable, EventTable
from seldbench.experiment.answers import Answers
from seldbench.experiment.files import processed
from seldbench.experiment.preparing import Data
from seldbench.experiment.system import System
from seldbench.experiment.validation import fixed
from seldbench.inference import gathering
from seldbench.inference.decoding import decode, masked
from seldbench.inference.tuning import ByClass, cross_validated, fold_of, of_clip, tuned
from seldbench.prediction import Prediction
from seldbench.recipe import Recipe, Tune

TEST = "test"


@dataclass(frozen=True)
class Listening:
    """The system at work on whole splits of one fold."""

    recipe: Recipe
    data: Data
    system: System
    answers: Answers
    progress: Progress

    def post(self) -> PostProcessing:
        """The recipe's post-processing, tuned on its validation split where it says so, or
        cross-validated on the test clips."""
        recipe = self.recipe
        start = fixed(recipe.post, self.system.classes)
        if recipe.post.tune is None:
            return start
        tune = recipe.post.tune
        self.progress.say(f"tuning on {tune.on}")
        mask = recipe.post.clip_mask
        heard = [(clip, masked(outputs, mask)) for clip, outputs in self._heard(tune.on)]
        formats, hop = self.system.formats, self.system.grid
        score_of = partial(self._by_class, tune)
        if tune.on == TEST:
            return cross_validated(
                heard, start=start, tune=tune, formats=formats, hop=hop, score_of=score_of
            )
        score = score_of([clip for clip, _ in heard])
        return tuned(heard, start=start, tune=tune, formats=formats, hop=hop, score=score)

    def _by_class(self, tune: Tune, clips: Sequence[Clip]) -> ByClass:
        """What a class's values are chosen by."""
        if tune.score in ("f20", "f1_ideal_doa"):
            rows = gathering.direction_reference(clips)
            if rows is None:
                raise BadRecipe(f"post.tune: {tune.on} has no directions to tune on")
            return self._class_f20(rows, ideal=tune.score == "f1_ideal_doa")
        reference = gathering.reference_of(clips)
        if reference is None:
            raise BadRecipe(f"post.tune: {tune.on} has no strong labels to tune on")
        if tune.score == "psds1":
            return self._class_psds1(clips, reference)
        return lambda found: class_event_f1(reference, gathering.events_of(found))

    def _class_psds1(self, clips: Sequence[Clip], reference: EventTable) -> ByClass:
        durations = {clip.id: clip.duration for clip in clips}

        def psds1(predictions: Mapping[str, Prediction]) -> Mapping[str, float]:
            frames = gathering.frame_scores_of(predictions, clips, self.system.classes)
            if frames is None:
                raise BadRecipe("post.tune: psds1 needs a head that says frame scores")
            return class_psds1(reference, durations, frames)

        return psds1

    def _class_f20(self, reference: DirectionTable, *, ideal: bool) -> ByClass:
        classes, grid = self.system.classes, self.system.grid
        scorer = self.recipe.scorers[0]

        def f20(predictions: Mapping[str, Prediction]) -> Mapping[str, float]:
            found = gathering.directions_of(predictions, classes, grid)
            return class_f20(reference, found, scorer, classes, ideal=ideal)

        return f20

    def predict(self, split: str, post: PostProcessing) -> list[tuple[Clip, Prediction]]:
        """What is said of every clip of a split; of SED also before post-processing."""
        clips = self.data.clips(split)
        fold = fold_of([clip.id for clip in clips]) if split == TEST else {}
        return [
            (clip, self._decoded(clip, outputs, of_clip(post, fold, clip)))
            for clip, outputs in self._heard(split)
        ]

    def _decoded(
        self, clip: Clip, outputs: Mapping[str, Tensor], post: PostProcessing
    ) -> Prediction:
        how = self.recipe.post
        said = self._decided(clip, masked(outputs, how.clip_mask), post)
        if self.data.dataset.task != "sed" or not processed(how, post.medians):
            return said
        plain = PostProcessing(post.thresholds, dict.fromkeys(post.medians, 0.0), "none")
        return replace(said, unprocessed=self._decided(clip, outputs, plain).frame_scores)

    def _decided(
        self, clip: Clip, outputs: Mapping[str, Tensor], post: PostProcessing
    ) -> Prediction:
        formats, hop = self.system.formats, self.system.grid
        return decode(outputs, clip, formats=formats, hop=hop, post=post)

    def _heard(self, split: str) -> Iterator[tuple[Clip, dict[str, Tensor]]]:
        clips = self.data.clips(split)
        for done, heard in enumerate(self.system.heard(clips, self.answers), start=1):
            self.progress.advance(f"listening to {split}", done, len(clips))
            yield heard
