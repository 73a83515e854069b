"""One run of one system: plan, stages, predictions on the test split, scores.

Planning opens the data, resolves the recipe and builds every network, so that a dry run fails where
the real one would. What is already there is never made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seldbench import runs
from seldbench.contracts import Clip, PostProcessing, Progress
from seldbench.errors import BadRecipe
from seldbench.evaluation import class_event_f1, class_f20
from seldbench.events import DirectionTable
from seldbench.experiment import graph
from seldbench.experiment.assembly import load_trained
from seldbench.experiment.checks import check_decoding, check_grid, check_scorers
from seldbench.experiment.files import write_sed, write_seld
from seldbench.experiment.graph import Data, Node, Prepared
from seldbench.experiment.scoring import scored_sed, scored_seld
from seldbench.experiment.validation import fixed
from seldbench.inference import gathering
from seldbench.inference.decoding import decode, masked
from seldbench.inference.tuning import ByClass, tuned
from seldbench.prediction import Prediction
from seldbench.recipe import Recipe, Tune, canonical
from seldbench.runs import Run
from seldbench.storage import write_json

TEST = "test"


@dataclass(frozen=True)
class Experiment:
    """A recipe on data with a seed. `folder`: where runs lie."""

    recipe: Recipe
    data: Data
    seed: int
    folder: Path

    def nodes(self) -> list[Node]:
        return graph.nodes(self.recipe, self.data, self.seed, self.folder / "stages")

    def prepare(self) -> list[Prepared]:
        """Every stage checked and built, and the test split opened."""
        recipe, dataset = self.recipe, self.data.dataset
        check_scorers(recipe, dataset)
        heard = [TEST] if recipe.post.tune is None else [TEST, recipe.post.tune.on]
        clips = [clip for split in dict.fromkeys(heard) for clip in self.data.clips(split)]
        fixed(recipe.post, dataset.classes)
        prepared = [graph.prepare(n, recipe, self.data, self.seed) for n in self.nodes()]
        for one in prepared:
            check_grid(one.assembly, recipe.architecture, dataset)
        shown = self._shown(prepared).assembly
        shown.windowing.check(clips)
        check_decoding(shown, recipe, dataset)
        return prepared

    def _shown(self, prepared: Sequence[Prepared]) -> Prepared:
        return next(one for one in prepared if one.node.name == self.recipe.shown_stage)

    def splits(self) -> set[str]:
        """The splits that the run uses."""
        used = {TEST}
        for stage in self.recipe.stages.values():
            used |= {*stage.trained_on, *stage.fitted_on, *stage.selected_on}
        return used

    def about(self, nodes: Sequence[Node]) -> dict[str, Any]:
        """What run.json says of the run, `key` included."""
        stages = {node.name: node.key for node in nodes}
        determined = {
            "recipe": canonical(self.recipe),
            "data": self.data.dataset.fingerprint(),
            "seed": self.seed,
            "fold": self.data.fold,
            "limit": self.data.limit,
            "stages": stages,
        }
        return {
            "arch": self.recipe.architecture,
            "dataset": self.data.dataset.name,
            "variant": self.recipe.variant,
            "seed": self.seed,
            "fold": self.data.fold,
            "limit": self.data.limit,
            "key": runs.digest(determined),
            "command": runs.command(),
            "stages": stages,
        }

    def run(self, device: torch.device, progress: Progress) -> Run:
        """Train what is not trained, predict, score; goes on where an earlier start stopped."""
        prepared = self.prepare()
        run = runs.start_run(self.folder, self.about([p.node for p in prepared]))
        progress.say(f"run {run.path}")
        for split in sorted(self.splits()):
            for note in self.data.dataset.notes(split):
                progress.say(f"note: {note}")
        if (run.path / "scores.json").exists():
            progress.say("already finished")
            return run
        write_json(run.path / "recipe.json", self.recipe.model_dump(mode="json"))
        done = {p.node.name: graph.execute(p, self.seed, device, progress) for p in prepared}
        listening = _Listening(self, self._shown(prepared), device, progress)
        post = listening.post()
        listening.predict(run, post)
        progress.say("scoring, with intervals over 1000 resamplings of the clips")
        device_name = graph.device_name(device)
        write_json(run.path / "scores.json", self._scores(run, post, done, device_name))
        runs.finish_run(run)
        return run

    def _scores(
        self,
        run: Run,
        post: PostProcessing,
        done: Mapping[str, Mapping[str, Any]],
        device: str,
    ) -> dict[str, Any]:
        """Scored from the files, as anybody's would be."""
        if self.data.dataset.task == "seld":
            scores = scored_seld(run, self.recipe.scorers, self.data.dataset.classes)
        else:
            scores = scored_sed(run)
        about = run.about
        return {
            "format": runs.FORMAT,
            "run": about["id"],
            "task": self.data.dataset.task,
            **{k: about[k] for k in ("arch", "dataset", "variant", "seed", "fold", "limit")},
            "label": self.recipe.title,
            "protocol": self.recipe.protocol,
            "imported": self.recipe.imported and self.recipe.imported.model_dump(),
            "split": TEST,
            **scores.as_json(),
            "data": self._data(),
            "post": {
                "thresholds": dict(post.thresholds),
                "medians": dict(post.medians),
                "origin": post.origin,
            },
            "parameters": done[self.recipe.shown_stage]["parameters"],
            "training_seconds": sum(d["seconds"] for d in done.values()),
            "selected": {name: d["selected"] for name, d in done.items()},
            "stages": about["stages"],
            "environment": runs.environment(device),
            "command": about["command"],
            "seldbench": about["seldbench"],
        }

    def _data(self) -> dict[str, Any]:
        dataset = self.data.dataset
        splits = {split for stage in self.recipe.stages.values() for split in stage.trained_on}
        coverage = {s: list(dataset.coverage(s)) for s in sorted(splits | {TEST})}
        found, expected = coverage[TEST]
        return {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint(),
            "coverage": coverage,
            "simulated": dataset.simulated,
            "partial": found < expected or self.data.limit is not None,
            **dataset.provenance(),
        }


@dataclass(frozen=True)
class _Listening:
    """The trained network at work on whole splits."""

    experiment: Experiment
    shown: Prepared
    device: torch.device
    progress: Progress

    def post(self) -> PostProcessing:
        """The recipe's post-processing, tuned on its validation split where it says so."""
        recipe = self.experiment.recipe
        start = fixed(recipe.post, self.shown.assembly.classes)
        if recipe.post.tune is None:
            return start
        tune = recipe.post.tune
        self.progress.say(f"tuning on {tune.on}")
        heard = self._heard(tune.on)
        clips = [clip for clip, _ in heard]
        return tuned(
            heard,
            start=start,
            tune=tune,
            formats=self.shown.assembly.formats,
            hop=self.shown.assembly.windowing.grid,
            score=self._by_class(tune, clips),
        )

    def _by_class(self, tune: Tune, clips: Sequence[Clip]) -> ByClass:
        """What a class's values are chosen by."""
        if tune.score == "f20":
            rows = gathering.direction_reference(clips)
            if rows is None:
                raise BadRecipe(f"post.tune: {tune.on} has no directions to tune on")
            return self._class_f20(rows)
        reference = gathering.reference_of(clips)
        if reference is None:
            raise BadRecipe(f"post.tune: {tune.on} has no strong labels to tune on")
        return lambda found: class_event_f1(reference, gathering.events_of(found))

    def _class_f20(self, reference: DirectionTable) -> ByClass:
        classes, grid = self.shown.assembly.classes, self.shown.assembly.windowing.grid
        scorer = self.experiment.recipe.scorers[0]

        def f20(predictions: Mapping[str, Prediction]) -> Mapping[str, float]:
            found = gathering.directions_of(predictions, classes, grid)
            return class_f20(reference, found, scorer, classes)

        return f20

    def predict(self, run: Run, post: PostProcessing) -> None:
        """Predictions on test, written to the run as files."""
        assembly = self.shown.assembly
        heard = self._heard(TEST)
        predictions = {
            clip.id: decode(
                outputs, clip, formats=assembly.formats, hop=assembly.windowing.grid, post=post
            )
            for clip, outputs in heard
        }
        clips, dataset = [clip for clip, _ in heard], self.experiment.data.dataset
        if dataset.task == "seld":
            assert dataset.grid is not None
            write_seld(run, clips, predictions, assembly.classes, dataset.grid)
        else:
            write_sed(run, clips, predictions, assembly.classes)

    def _heard(self, split: str) -> list[tuple[Clip, dict[str, Tensor]]]:
        assembly, experiment = self.shown.assembly, self.experiment
        load_trained(assembly, self.shown.node.folder)
        clips = experiment.data.clips(split)
        heard = []
        for clip, outputs in assembly.listener(assembly.network, self.device)(clips):
            heard.append((clip, masked(outputs, experiment.recipe.post.clip_mask)))
            self.progress.advance(f"listening to {split}", len(heard), len(clips))
        return heard
