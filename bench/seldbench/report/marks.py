"""Marks: what must stand beside a result wherever it is shown, and what each of them says."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seldbench.report.results.result import Result

SIMULATED, PARTIAL = "simulated", "partial"
SELECTED_ON_TEST, CROSS_VALIDATED = "selected on test", "cross-validated on test"
IMPORTED, RANDOM_START, ENSEMBLE = "imported weights", "random start", "ensemble"
PROTOCOLS = {
    "select_on_test": SELECTED_ON_TEST,
    "cross_validated_on_test": CROSS_VALIDATED,
}
# What tables, banners and notes say of these marks.
WARNINGS = {
    SELECTED_ON_TEST: "the weights were selected on the split that is reported, as the published"
    " system did; such scores do not stand beside scores of unseen data",
    CROSS_VALIDATED: "post-processing was tuned on the clips that are reported, in folds: each clip"
    " is decided by values from the others; such scores do not stand beside scores of unseen data",
    IMPORTED: "weights, or some of them, were published by others and not trained here",
    RANDOM_START: "the network, or a part of it, began at random and not from released weights;"
    " such scores do not stand beside published ones of systems that began from these",
    ENSEMBLE: "the mean of several runs' scores: it stands beside ensembles, not beside single"
    " systems",
}


def marks_of(result: "Result") -> tuple[str, ...]:
    """In the order in which they are shown; empty for a whole real result of its recipe."""
    found = [SIMULATED] if result.simulated else []
    if result.data.sounds not in (None, "builtin"):
        found.append(f"sounds {result.data.sounds}")
    found += [PARTIAL] if result.data.partial else []
    if result.provenance.limit is not None:
        found.append(f"limit {result.provenance.limit}")
    found += [some] if (some := some_folds(result)) else []
    protocol = said(result, "protocol")
    found += [PROTOCOLS[protocol]] if protocol in PROTOCOLS else []
    found += [IMPORTED] if said(result, "imported") else []
    found += [RANDOM_START] if starts_at_random(result) else []
    if result.members:
        found.append(f"{ENSEMBLE} of {len(result.members)}")
    return (*found, *(f"set {change}" for change in changes(result)))


def warnings_of(marks: Iterator[str] | tuple[str, ...]) -> dict[str, str]:
    """{mark: what it says} of those marks that need words; "ensemble of 3" is an ensemble."""
    given = tuple(marks)
    return {
        name: text
        for name, text in WARNINGS.items()
        if any(mark == name or mark.startswith(f"{name} of ") for mark in given)
    }


def changes(result: "Result") -> tuple[str, ...]:
    """What the command line changed of the recipe, `key=value`, of an ensemble that of its members;
    `init`: whose weights the training began with, where the recipe did not ask for them."""
    unasked = not result.init or any(_is_path(origin) for origin in result.init.values())
    commands = [result.provenance.command, *(member.command for member in result.members)]
    found = [change for words in commands for change in _changes(words, unasked)]
    return tuple(dict.fromkeys(found))


def _changes(words: Sequence[str], unasked: bool) -> Iterator[str]:
    for word, after in zip(words, [*words[1:], ""]):
        option, equals, value = word.partition("=")
        given = value if equals else after
        if option == "--set":
            yield given
        elif option == "--size":
            yield f"model.size={given}"
        elif option == "--init" and unasked:
            yield f"init={Path(given).name}"


def starts_at_random(result: "Result") -> bool:
    """Whether a part began at random that has released weights to begin from: by the score file,
    or else by the recipe."""
    if result.init:
        return "random" in result.init.values()
    stages = result.provenance.recipe.get("stages") or {}
    return any("none" in (stage.get("init") or {}).values() for stage in stages.values())


def some_folds(result: "Result") -> str | None:
    """Which folds the result is of, where its set has more; None for all."""
    named = str(result.provenance.fold).split(",")
    if result.data.folds < 2 or len(named) >= result.data.folds:
        return None
    return f"fold{'s' if len(named) > 1 else ''} {', '.join(named)} of {result.data.folds}"


def said(result: "Result", key: str) -> Any:
    """What the run says of itself, or its recipe."""
    return getattr(result, key) or result.provenance.recipe.get(key)


def _is_path(origin: Any) -> bool:
    """Whether a part began with weights of ours, from a file."""
    return isinstance(origin, Mapping) and not {"weights", "stage"} & set(origin)


def reading(results: "Sequence[Result]") -> dict[str, Any]:
    """What the notes on how to read a page go by: the interval methods, those beside a value and
    those that run pages list besides, the tasks and marks that occur."""
    given = {method for r in results for of_score in r.intervals.values() for method in of_score}
    beside = {i[0] for r in results for score in r.intervals if (i := r.interval(score))}
    marks = {mark for r in results for mark in r.marks}
    return {
        "methods": sorted(beside),
        "listed": sorted(given - beside),
        "tasks": {r.task for r in results},
        "marks": marks,
        "warnings": warnings_of(tuple(marks)),
    }
