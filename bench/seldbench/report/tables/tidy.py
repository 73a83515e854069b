"""Tables as one CSV: a line an amount, always the same columns, all digits. For plots and other
programs; `leaderboard.csv` is the wide one."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from seldbench.evaluation.names import unit
from seldbench.report.tables.sheet import Amount, Column, Entry, Sheet
from seldbench.report.words import arrow

COLUMNS = (
    "table",
    "row",
    "kind",
    "system",
    "arch",
    "variant",
    "dataset",
    "marks",
    "class",
    "task",
    "scorer",
    "seeds",
    "runs",
    "score",
    "unit",
    "lower_is_better",
    "value",
    "spread",
    "low",
    "high",
    "interval",
    "baseline",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "significance",
)


def tidy(sheets: Sequence[Sheet]) -> str:
    """CSV of all amounts. spread: the sample standard deviation over seeds. A pair of systems, and
    any other difference without a value beside it, has a difference and no value."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for sheet in sheets:
        for entry in sheet.entries:
            writer.writerows(_lines(sheet, entry))
    return file.getvalue()


def _lines(sheet: Sheet, entry: Entry) -> Iterator[dict[str, Any]]:
    beside = {column.versus: column for column in sheet.values if column.versus}
    for column in sheet.values:
        if column.versus is not None:
            continue
        other = beside.get(column.name)
        differences = {} if other is None else {a.source: a for a in entry.amounts(other.name)}
        for amount in entry.amounts(column.name):
            line = _line(sheet, entry, column, amount)
            yield line | _difference(differences.get(amount.source))


def _line(sheet: Sheet, entry: Entry, column: Column, amount: Amount) -> dict[str, Any]:
    source = amount.source
    line = {
        "table": sheet.title,
        "row": entry.label,
        "kind": source.kind,
        "system": source.system,
        "arch": source.arch,
        "variant": source.variant,
        "dataset": source.dataset,
        "marks": "; ".join(source.marks),
        "class": amount.label,
        "task": source.task,
        "scorer": source.scorer,
        "seeds": source.seeds,
        "runs": " ".join(source.runs),
        "score": amount.score,
        "unit": unit(amount.score),
        "lower_is_better": "yes" if arrow(amount.score) else "no",
        "spread": amount.spread,
    }
    if amount.versus is not None:
        return line | {"kind": "pair"} | _difference(amount)
    low, high = amount.interval or (None, None)
    return line | {"value": amount.value, "low": low, "high": high, "interval": amount.method}


def _difference(amount: Amount | None) -> dict[str, Any]:
    if amount is None:
        return {}
    low, high = amount.interval or (None, None)
    return {
        "baseline": amount.versus,
        "difference": amount.value,
        "difference_low": low,
        "difference_high": high,
        "p": amount.p,
        "significance": amount.stars,
    }
