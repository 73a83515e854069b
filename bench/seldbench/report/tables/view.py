"""What a comparison shows: which scores, and what its rows are grouped by."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from seldbench.errors import UnknownName, near
from seldbench.report.results.result import Group, Result

# {what rows are grouped by: the heading of a group's block}
BLOCKS: dict[str, Callable[[Group], str]] = {
    "dataset": lambda group: group.first.dataset,
    "arch": lambda group: group.first.arch,
    "variant": lambda group: group.first.variant,
    "seed": lambda group: group.first.dataset,
    "class": lambda group: group.first.dataset,
}


@dataclass(frozen=True)
class View:
    """by: "dataset", "arch" or "variant": rows that share it stand together; "seed": each run has a
    row; "class": a table a score, by class. metrics: none for the headlines.

    Raises:
        UnknownName: rows cannot be grouped by that.
    """

    by: str = "dataset"
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.by not in BLOCKS:
            raise UnknownName(
                f"--by {self.by}: rows are grouped by {', '.join(BLOCKS)}{near(self.by, BLOCKS)}"
            )

    def block(self, group: Group) -> str:
        """The heading that a group of runs stands under."""
        return BLOCKS[self.by](group)

    def check(self, known: Iterable[str]) -> None:
        """Raises UnknownName for a metric that is not among the `known` scores."""
        names = list(dict.fromkeys(known))
        for metric in self.metrics:
            if metric not in names:
                raise UnknownName(
                    f"--metric {metric}: none of what is compared has such a score"
                    f"{near(metric, names)}; there are {', '.join(names)}"
                )


def of_classes(results: Sequence[Result]) -> list[str]:
    """The scores that some class of some result has."""
    each = [of for r in results for of in r.classes.values()]
    return list(dict.fromkeys(n for of in each for n, value in of.items() if value is not None))
