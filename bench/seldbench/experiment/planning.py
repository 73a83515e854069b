"""`run --dry-run`: the graph of stages, what is done, shared and to do, and what it would cost."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from seldbench.experiment.cost import Costs
from seldbench.experiment.keys import Node
from seldbench.experiment.listening import TEST
from seldbench.experiment.preparing import Prepared
from seldbench.experiment.provenance import of_no_use, outdated, why_anew
from seldbench.experiment.run import Experiment
from seldbench.runs import StageFolder

UNITS = ("", "k", "M", "G", "T", "P", "E")


@dataclass
class Tally:
    """What the runs of one command need together. first: {key: the run that asks for it first}."""

    first: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    done: int = 0
    operations: float = 0.0
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """For a person: how many trainings, and their cost where there are any."""
        needed = len(self.first) - self.done
        shared = self.asked - len(self.first)
        yield (
            f"in all {self.asked} stages: {shared} shared, {self.done} done, {needed} to be trained"
            f", {amount(self.operations)} in about {duration(self.seconds)} one after the other"
        )
        if needed:
            yield (
                "counted are the networks' matrix products, convolutions, attention and recurrences"
                " on training examples, forward and backward; not features, reading, validation"
            )


def plan(experiments: Sequence[Experiment], costs: Costs) -> Iterator[str]:
    """For each run the resolved recipe as JSON and its graph, a line a stage; then what all need
    together, and what a person should know of the data."""
    tally = Tally()
    for experiment in experiments:
        yield json.dumps(experiment.recipe.model_dump(mode="json"), indent=1)
        yield f"{_who(experiment)}:"
        for fold in experiment.folds:
            yield from _graph(experiment, fold, tally, costs)
        test = sum(len(experiment.of_fold(fold).clips(TEST)) for fold in experiment.folds)
        yield f"seed {experiment.seed}; then predictions on {test} test clips; nothing was trained"
    yield from tally.lines()
    said = (note for experiment in experiments for note in experiment.notes())
    yield from (f"note: {note}" for note in dict.fromkeys(said))


def _who(experiment: Experiment) -> str:
    return f"variant {experiment.recipe.variant}, seed {experiment.seed}"


def _graph(experiment: Experiment, fold: int, tally: Tally, costs: Costs) -> Iterator[str]:
    prepared = experiment.prepare(fold)
    many = f" (fold {fold})" if len(experiment.folds) > 1 else ""
    for node in experiment.nodes(fold):
        arrow = f" <- {', '.join(node.parents)}" if node.parents else ""
        tally.asked += 1
        if node.key in tally.first:
            said = f"shared with {tally.first[node.key]}"
        else:
            tally.first[node.key] = _who(experiment)
            said = _planned(node, prepared[node.name], experiment.retrain, tally, costs)
        yield f"{'  ' * _depth(node)}stage {node.name}{many} [{node.key}]{arrow}: {said}"


def _depth(node: Node) -> int:
    """How many trainings must come before it, one after the other."""
    return max((1 + _depth(parent) for parent in node.parents.values()), default=0)


def _planned(node: Node, prepared: Prepared, retrain: bool, tally: Tally, costs: Costs) -> str:
    """State, size and cost of a stage; the tally grows by it."""
    training, batches = node.stage.training, prepared.batches
    state, kept = _state(node, retrain)
    size = (
        f"{state}; {prepared.assembly.parameters:,} parameters, {training.epochs} epochs of"
        f" {batches.steps} steps, batches of {sum(group.size for group in batches.groups)}"
    )
    if kept is None:
        tally.done += 1
        return size
    left = training.epochs - kept
    operations = costs.operations(prepared, left)
    seconds, source = costs.seconds(prepared, left)
    tally.operations += operations
    tally.seconds += seconds
    return f"{size}; {amount(operations)} in about {duration(seconds)}, {source}"


def _state(node: Node, retrain: bool) -> tuple[str, int | None]:
    """A stage's state in words, and the epochs that are kept of its training; None: it is done."""
    folder = node.folder
    why = why_anew(node) if retrain else ""
    if folder.state == "done" and not why:
        old = outdated(folder, {name: parent.folder for name, parent in node.parents.items()})
        return (f"done, but {old}: --retrain trains it anew" if old else "done"), None
    begun = folder.aside if why else folder
    kept = _kept(begun, node, retrain)
    state = f"resumes after epoch {kept}" if kept else "to do"
    if folder.locked:
        state = f"another process trains it now, after epoch {kept}"
    return (f"anew, {why}: {state}" if why else state), kept


def _kept(begun: StageFolder, node: Node, retrain: bool) -> int:
    """Epochs of a training that it would go on after."""
    if begun.state != "begun" or of_no_use(begun.about, node, retrain):
        return 0
    return len(begun.log)


def amount(operations: float) -> str:
    """Floating point operations in words."""
    unit = 0
    while operations >= 1000 and unit < len(UNITS) - 1:
        operations, unit = operations / 1000, unit + 1
    return f"{operations:.3g} {UNITS[unit]}FLOP"


def duration(seconds: float) -> str:
    """Seconds in words."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
