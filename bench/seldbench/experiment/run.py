"""One run of one system: plan, stages, predictions on the test split, scores.

Planning opens the data, resolves the recipe and builds every network, so that a dry run fails where
the real one would. What is already there is never made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from seldbench import runs
from seldbench.contracts import Clip, PostProcessing, Progress, Quiet
from seldbench.experiment import graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.beginning import first_weights
from seldbench.experiment.checks import (
    check_asked,
    check_decoding,
    check_grid,
    check_scorers,
    one_label,
)
from seldbench.experiment.files import write_sed, write_seld, write_tagging
from seldbench.experiment.graph import Node
from seldbench.experiment.keys import components
from seldbench.experiment.listening import TEST, Listening
from seldbench.experiment.preparing import Data, Prepared, prepare
from seldbench.experiment.profiles import Stopwatch, cost
from seldbench.experiment.provenance import provenance, superseded
from seldbench.experiment.scoring import score_file, scored
from seldbench.experiment.source_files import write_answered
from seldbench.experiment.sources import source_listener
from seldbench.experiment.system import System, system_of
from seldbench.experiment.validation import fixed
from seldbench.prediction import Prediction
from seldbench.recipe import Recipe, canonical
from seldbench.runs import Run
from seldbench.storage import write_json


@dataclass(frozen=True)
class Experiment:
    """A recipe on data with a seed. `folder`: where runs lie. folds: of a set that has folds, each
    trained and tested on its own; their test clips are scored together. retrain: train anew what
    the source, or a parent, changed for since. command: what started it, of a run that repeats
    another that one's; None: the command of this process."""

    recipe: Recipe
    data: Data
    seed: int
    folder: Path
    folds: tuple[int, ...] = (0,)
    retrain: bool = False
    command: tuple[str, ...] | None = None

    def of_fold(self, fold: int) -> Data:
        """The data of one fold."""
        return replace(self.data, fold=fold)

    def nodes(self, fold: int = 0) -> list[Node]:
        return graph.nodes(self.recipe, self.of_fold(fold), self.seed, self.folder / "stages")

    def prepare(self, fold: int = 0) -> dict[str, Prepared]:
        """Every stage of a fold checked and built, and the test split opened."""
        recipe, dataset, data = self.recipe, self.data.dataset, self.of_fold(fold)
        check_scorers(recipe, dataset)
        if dataset.task == "separation":
            check_asked(recipe, dataset, data.clips(TEST))
        heard = [TEST] if recipe.post.tune is None else [TEST, recipe.post.tune.on]
        clips = [clip for split in dict.fromkeys(heard) for clip in data.clips(split)]
        fixed(recipe.post, dataset.classes)
        prepared = {
            node.name: prepare(recipe, node.stage, data, self.seed) for node in self.nodes(fold)
        }
        for one in prepared.values():
            check_grid(one.assembly, one.stage.architecture, dataset)
        system = system_of(recipe, {name: one.assembly for name, one in prepared.items()})
        system.check(clips)
        check_decoding(system, recipe, dataset)
        if dataset.task == "separation":
            source_listener(recipe, system, torch.device("cpu"), Quiet())
        return prepared

    def splits(self) -> set[str]:
        """The splits that the run uses."""
        used = {TEST}
        for stage in self.recipe.stages.values():
            used |= {*stage.trained_on, *stage.fitted_on, *stage.selected_on}
        return used

    def notes(self) -> list[str]:
        """What a person should know of the splits that the run uses."""
        return [note for split in sorted(self.splits()) for note in self.data.dataset.notes(split)]

    @property
    def stages(self) -> dict[str, str]:
        """The keys of all trainings, by stage, and where the set has folds by stage@fold."""
        return {which: node.key for which, node in self.trainings().items()}

    def trainings(self) -> dict[str, Node]:
        """All trainings, each after those that it starts from; named as in `stages`."""
        return {
            f"{node.name}@{fold}" if self.data.dataset.folds > 1 else node.name: node
            for fold in self.folds
            for node in self.nodes(fold)
        }

    def superseded(self, run: Run) -> bool:
        """Whether a stage was trained anew since a finished run, or will be."""
        return superseded(run.scores, self.trainings(), self.retrain)

    def about(self) -> dict[str, Any]:
        """What run.json says of the run, `key` included."""
        folds = ",".join(map(str, self.folds)) if self.data.dataset.folds > 1 else 0
        stages = self.stages
        determined = {
            "recipe": canonical(self.recipe),
            "data": self.data.dataset.fingerprint(),
            "seed": self.seed,
            "fold": folds,
            "limit": self.data.limit,
            "stages": stages,
        }
        return {
            "arch": self.recipe.architecture,
            "dataset": self.data.dataset.name,
            "variant": self.recipe.variant,
            "seed": self.seed,
            "fold": folds,
            "limit": self.data.limit,
            "key": runs.digest(determined),
            "command": runs.command() if self.command is None else list(self.command),
            "stages": stages,
        }

    def run(self, device: torch.device, progress: Progress) -> Run:
        """Train what is not trained, predict, score; goes on where an earlier start stopped."""
        prepared = self.prepare(self.folds[0])
        run = runs.start_run(self.folder, self.about(), self.superseded)
        progress.say(f"run {run.path}")
        for note in self.notes():
            progress.say(f"note: {note}")
        if (run.path / "scores.json").exists():
            progress.say("already finished")
            return run
        write_json(run.path / "recipe.json", self.recipe.model_dump(mode="json"))
        watch = Stopwatch()
        post, done = self._predicted(run, prepared, device, progress, watch)
        progress.say("scoring, with intervals over 1000 resamplings of the clips")
        device_name = graph.device_name(device)
        costs = cost(self.recipe, self.data.dataset.classes, watch, device_name)
        write_json(run.path / "scores.json", self._scores(run, post, done, device_name, costs))
        runs.finish_run(run)
        return run

    def _predicted(
        self,
        run: Run,
        prepared: dict[str, Prepared],
        device: torch.device,
        progress: Progress,
        watch: Stopwatch,
    ) -> tuple[PostProcessing, dict[str, dict[str, Any]]]:
        """Every fold trained and its test clips heard, for as long as `watch` tells; the
        post-processing that was used, and what the trainings say of themselves."""
        heard: list[tuple[Clip, Prediction]] = []
        done: dict[str, dict[str, Any]] = {}
        folds: dict[str, int] = {}
        for fold in self.folds:
            if fold != self.folds[0]:
                prepared = self.prepare(fold)
            if len(self.folds) > 1:
                progress.say(f"fold {fold}")
            answers = Answers(self.recipe, {}, device, progress)
            for node in self.nodes(fold):
                which = f"{node.name}@{fold}" if self.data.dataset.folds > 1 else node.name
                done[which] = graph.execute(
                    node, prepared[node.name], answers, progress, retrain=self.retrain
                )
            system = system_of(self.recipe, answers.trained)
            if self.data.dataset.task == "separation":
                return self._answered(run, system, device, progress, watch), done
            listening = Listening(self.recipe, self.of_fold(fold), system, answers, progress)
            post = listening.post()
            with watch.over(self.of_fold(fold).clips(TEST)):
                said = listening.predict(TEST, post)
            folds |= {clip.id: fold for clip, _ in said}
            heard += said
        self._write(run, dict(heard), system.classes, folds)
        return post, done

    def _answered(
        self,
        run: Run,
        system: System,
        device: torch.device,
        progress: Progress,
        watch: Stopwatch,
    ) -> PostProcessing:
        """Mixtures heard, written one by one: signals of all would not fit into memory."""
        recipe, tune = self.recipe, self.recipe.post.tune
        listener = source_listener(recipe, system, device, progress)
        post = fixed(recipe.post, system.classes)
        if tune is not None and post.direction is not None:
            progress.say(f"tuning on {tune.on}")
            values = [post.direction, *tune.directions]
            chosen = listener.threshold(self.data.clips(tune.on), values)
            post = replace(post, direction=chosen, origin=f"{tune.score} on {tune.on}")
        write_answered(run, self.data.clips(TEST), listener, post, watch.each)
        return post

    def _write(
        self,
        run: Run,
        heard: Mapping[Clip, Prediction],
        classes: tuple[str, ...],
        folds: Mapping[str, int],
    ) -> None:
        """Predictions on test, written to the run as files."""
        dataset = self.data.dataset
        clips, predictions = list(heard), {clip.id: p for clip, p in heard.items()}
        if dataset.task == "seld":
            assert dataset.grid is not None
            write_seld(run, clips, predictions, classes, dataset.grid)
        elif dataset.task == "tagging":
            of_clip = folds if dataset.folds > 1 else None
            single = one_label(dataset)
            write_tagging(run, clips, predictions, classes, single=single, folds=of_clip)
        else:
            write_sed(run, clips, predictions, classes)

    def _scores(
        self,
        run: Run,
        post: PostProcessing,
        done: Mapping[str, Mapping[str, Any]],
        device: str,
        costs: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Scored from the files, as anybody's would be."""
        recipe = self.recipe
        scores = scored(run, self.data.dataset.task, recipe.scorers, self.data.dataset.classes)
        parameters = {name.split("@")[0]: d["parameters"] for name, d in done.items()}
        first = {name: first_weights(stage) for name, stage in recipe.stages.items()}
        said = {
            "task": self.data.dataset.task,
            "label": recipe.title,
            "protocol": recipe.protocol,
            "imported": recipe.imported and recipe.imported.model_dump(),
            "init": {
                part if len(first) == 1 else f"{name}.{part}": origin
                for name, parts in first.items()
                for part, origin in parts.items()
            },
            "split": TEST,
            "data": self._data(),
            "post": {
                "thresholds": dict(post.thresholds),
                "medians": dict(post.medians),
                "origin": post.origin,
                **({"boxes": dict(post.boxes)} if post.boxes else {}),
                **({"folds": list(post.folds)} if post.folds else {}),
                **({} if post.direction is None else {"direction": post.direction}),
            },
            "parameters": sum(parameters[stage] for stage in recipe.answering.values()),
            "cost": costs,
            "components": components(recipe),
            "training_seconds": sum(d["seconds"] for d in done.values()),
            "selected": {name: d["selected"] for name, d in done.items()},
            "trainings": {name: provenance(d) for name, d in done.items()},
        }
        return score_file(run, scores, said, runs.environment(device))

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
            "folds": dataset.folds,
            **dataset.provenance(),
        }
