"""Which part of a cascade is the first to fail: localisation, separation or classification.

The same system answers the same questions twice more: with the true directions given in the place
of those that it would find, and with the true signals in the place of those that it would separate.
Every question is of exactly one kind:

- `right`: as it stands;
- `localisation`: wrong, but right with the true direction;
- `separation`: wrong even so, but right with the true signal;
- `classification`: wrong even with the true signal.

An answer that is right for a wrong reason is right. A true direction or signal may also spoil an
answer that was right; how often is counted beside the kinds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seldbench.annotations.sources import SourceTable
from seldbench.errors import BadFile, UnknownName, near
from seldbench.evaluation.measure import Measure, Resampling, Values, measured
from seldbench.evaluation.sources.questions import ALL, DOMINANT, Questions, protocol_of, questions
from seldbench.metrics.tagging import share, tallied
from seldbench.metrics.uncertainty import Sample

Array = np.ndarray
ORACLES = ("direction", "separation")
KINDS = ("right", "localisation", "separation", "classification")


def right_with(
    reference: SourceTable, asked: Questions, oracles: Mapping[str, SourceTable]
) -> dict[str, Array]:
    """{oracle: (questions,) whether the answer is right with it}.

    Args:
        oracles: answers with the true direction or the true separation; one a mixture where one is
            asked for, one a source elsewhere.

    Raises:
        UnknownName: no such oracle. BadFile: answers to other questions.
    """
    found = {}
    for name, answers in oracles.items():
        if name not in ORACLES:
            raise UnknownName(f"no oracle {name!r}{near(name, ORACLES)}: {', '.join(ORACLES)}")
        given = protocol_of(answers)
        if given == ALL or (given == DOMINANT) != (asked.protocol == DOMINANT):
            expected = "one a mixture" if asked.protocol == DOMINANT else "one a source"
            raise BadFile(
                f"{answers.named}answers with the true {name} are {expected}, as the questions are"
                + (" (column 'source')" if asked.protocol != DOMINANT else "")
            )
        found[name] = questions(reference, answers).right
    return found


def attribution(
    asked: Questions, right: Mapping[str, Array], resampling: Resampling | None
) -> dict[str, Any]:
    """Number and share of the questions of each kind, with intervals.

    Args:
        right: of `right_with`, both oracles.
    """
    kind = np.select(
        [asked.right, right["direction"], right["separation"]], [0, 1, 2], default=3
    ).astype(np.int64)
    counts = tallied(asked.mixture, kind, (len(asked.mixtures), len(KINDS)))
    items = np.bincount(asked.mixture, minlength=len(asked.mixtures)).astype(np.float64)

    def shares(sample: Sample) -> Values:
        whole = sample.sums(items)[:, None]
        return Values({}, {"share": share(sample.sums(counts), whole)})

    found = measured([Measure(asked.mixtures, KINDS, shares)], resampling)
    kinds = {
        name: {
            "number": int((kind == i).sum()),
            "share": found.classes[name]["share"],
            "intervals": {
                method: list(pair)
                for method, pair in found.class_intervals.get(name, {}).get("share", {}).items()
            },
        }
        for i, name in enumerate(KINDS)
    }
    spoilt = {name: int((asked.right & ~right[name]).sum()) for name in ORACLES}
    return {"total": len(kind), "kinds": kinds, "right_but_wrong_with": spoilt}
