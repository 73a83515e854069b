"""What of a recipe does not fit its data or itself, said before anything is trained."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from seldbench.contracts import Clip, Dataset, PostProcessing
from seldbench.errors import BadRecipe, near
from seldbench.evaluation import SELECTION, SELECTION_OF
from seldbench.experiment.assembly import Assembly, silent_clip
from seldbench.experiment.system import System
from seldbench.experiment.validation import LOSS, directed, fixed
from seldbench.inference.decoding import decode, masked
from seldbench.prediction import Prediction
from seldbench.recipe import SCORES, Recipe, Stage

# What decides for itself which class it names, and the format that says scores of clips there.
UNDECIDED = {"tagging": "tags", "separation": "source_class"}
# The scores that values are tuned by, where they are not of events in time alone.
TUNED = {"f20": "seld", "f1_ideal_doa": "seld", "direction_f1": "separation"}


def check_scorers(recipe: Recipe, dataset: Dataset) -> None:
    """Scorers, and the scores that select and tune, are those of the data set's task."""
    fitting = [name for name, task in SCORES.items() if task == dataset.task]
    for scorer in recipe.scorers:
        if scorer not in fitting:
            raise BadRecipe(
                f"scorers: {scorer!r} scores {SCORES[scorer]}, and {dataset.name} is a set for"
                f" {dataset.task}; name one of: {', '.join(fitting)}"
            )
    for name, stage in recipe.stages.items():
        _check_selection(f"stages.{name}.select", stage, dataset)
    tune = recipe.post.tune
    if tune is not None and TUNED.get(tune.score, "sed") != dataset.task:
        raise BadRecipe(f"post.tune: {tune.score!r} is no score of a set for {dataset.task}")
    if dataset.task in UNDECIDED:
        _check_undecided(recipe, dataset)
    _check_system(recipe, dataset)


def _check_system(recipe: Recipe, dataset: Dataset) -> None:
    """Answers about directions, and oracles, are of sets for separation."""
    if dataset.task == "separation":
        if recipe.system == "two_stage":
            raise BadRecipe(f"system: {dataset.name} is answered about by one stage")
    elif recipe.system == "each_direction" or recipe.oracles:
        what = "oracles" if recipe.oracles else 'system = "each_direction"'
        raise BadRecipe(f"{what}: {dataset.name} is a set for {dataset.task}; leave it out")


def check_asked(recipe: Recipe, dataset: Dataset, clips: Sequence[Clip]) -> None:
    """A system with one answer a mixture hears mixtures that ask for one source.

    Args:
        clips: of the test split.

    Raises:
        BadRecipe: some ask for none.
    """
    if recipe.system == "each_direction":
        return
    aimless = [clip.id for clip in clips if clip.target is None]
    if aimless:
        raise BadRecipe(
            f"variant {recipe.variant}: one answer a mixture, about the source that it asks for,"
            f" and in {dataset.name} as it is here {len(aimless)} of {len(clips)} test mixtures ask"
            f" for none, such as {aimless[0]!r} (where all sources are equally loud, none is the"
            " target); take a variant that answers about every source (@all), whose parts are"
            " trained on the splits /each, or a set in which one source is louder"
        )


def _check_selection(where: str, stage: Stage, dataset: Dataset) -> None:
    chosen = stage.select.values() if isinstance(stage.select, dict) else ()
    fitting = [
        n for n in SELECTION_OF.get(dataset.task, ()) if n != "accuracy" or one_label(dataset)
    ]
    for score in (name for name in chosen if name in SELECTION and name not in fitting):
        raise BadRecipe(
            f"{where}: {score!r} is no score of {dataset.name}, a set for {dataset.task}; name one"
            f" of: {', '.join([*fitting, LOSS])}"
        )


def one_label(dataset: Dataset) -> bool:
    """Whether every clip of a data set has exactly one label, by which it is scored."""
    return dataset.task == "tagging" and bool(cast(Any, dataset).single)


def _check_undecided(recipe: Recipe, dataset: Dataset) -> None:
    """Who names classes decides for itself: at the highest score, or at 0.5."""
    post = fixed(recipe.post, dataset.classes)
    if set(post.thresholds.values()) != {0.5} or set(post.medians.values()) != {0.0}:
        raise BadRecipe(
            f"post: {dataset.name} is scored by the highest score of a clip, by rankings, or at a"
            " threshold of 0.5; leave `thresholds` and `medians` out"
        )


def check_batch(stage: Stage) -> None:
    """Heads are on for splits of the batch, whose groups can be cut into equal parts."""
    used = {split for group in stage.batch for split in group.split("+")}
    for name, head in stage.heads.items():
        for split in head.on:
            if split not in used:
                raise BadRecipe(
                    f"heads.{name}.on: {split!r} is in no batch{near(split, used)};"
                    f" the batch has: {', '.join(sorted(used))}"
                )
    for name, size in stage.batch.items():
        if size % stage.training.accumulate:
            raise BadRecipe(
                f"training.accumulate: the {size} examples of {name!r} cannot be cut into"
                f" {stage.training.accumulate} equal parts; name a number that divides every group"
                " of the batch"
            )


def check_grid(assembly: Assembly, architecture: str, dataset: Dataset) -> None:
    """Directions are scored frame by frame: a network's frames must be the annotation's."""
    hop = assembly.grid
    if dataset.task == "seld" and dataset.grid and abs(hop - dataset.grid) > 1e-6:
        times = dataset.grid / assembly.windowing.grid
        finer = times > 1.5 and abs(times - round(times)) < 1e-5
        remedy = (
            f"set inference.grid to {dataset.grid:g}"
            if finer
            else "choose features or pools that make them equal"
        )
        raise BadRecipe(
            f"{architecture}: label frames of {hop:g} s, but {dataset.name} is annotated every"
            f" {dataset.grid:g} s; {remedy}"
        )


def check_decoding(system: System, recipe: Recipe, dataset: Dataset) -> None:
    """What the system says can be decoded with the recipe's post-processing, into events with
    directions where the data set has them."""
    mask = recipe.post.clip_mask
    for head in () if mask is None else (mask.frames, mask.clip):
        if head not in system.formats:
            raise BadRecipe(f"post.clip_mask: no head {head!r}{near(head, system.formats)}")
    found = _of_silence(system, recipe)
    if dataset.task == "seld" and (found.events is None or not directed(found.events)):
        raise BadRecipe(
            f"heads of format {_formats(recipe)} say no events with directions, by which"
            f" {dataset.name} is scored; choose another format, such as accdoa"
        )
    if dataset.task in UNDECIDED and found.clip_scores is None:
        raise BadRecipe(
            f"heads of format {_formats(recipe)} say no scores of clips, by which {dataset.name}"
            f" is scored; choose another format, such as {UNDECIDED[dataset.task]}"
        )


def _formats(recipe: Recipe) -> str:
    stages = [recipe.stages[name] for name in recipe.answering.values()]
    return ", ".join(head.format.name for stage in stages for head in stage.heads.values())


def _of_silence(system: System, recipe: Recipe) -> Prediction:
    """What is said of a silent window, with everything taken for active."""
    try:
        return decode(
            masked(system.of_silence(), recipe.post.clip_mask),
            silent_clip(next(iter(system.parts.values()))),
            formats=system.formats,
            hop=system.grid,
            post=_everything(fixed(recipe.post, system.classes)),
        )
    except ValueError as error:
        raise BadRecipe(f"post, heads: {error}") from error


def _everything(post: PostProcessing) -> PostProcessing:
    return replace(post, thresholds=dict.fromkeys(post.thresholds, -1.0))
