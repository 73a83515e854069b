"""Tables for a terminal: a grid where it fits, else a system a block, so that nothing is folded in
the middle of a number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from seldbench.report.tables.sheet import BEST, NO_VALUE, Column, Entry, Sheet, in_brackets

GAP = 2  # characters before a column
NARROW = 20  # characters that marks in a cell are folded to
WIDEST = 10**6
NUMBERS = ("seeds", "p")  # columns of words that hold numbers


class Fitting:
    """A sheet as wide as the terminal that it is printed to."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = _grid(self.sheet)
        wanted = console.measure(table, options=options.update(max_width=WIDEST)).maximum
        if wanted <= options.max_width:
            yield table
        else:
            yield from _blocks(self.sheet, options.max_width)


def _grid(sheet: Sheet) -> Table:
    """All columns side by side; every text is shown as it is, never read as markup."""
    caption = Text("\n".join(sheet.notes), justify="left")
    table = Table(title=Text(sheet.title), caption=caption, caption_justify="left")
    words = {sheet.head, *sheet.words, *sheet.remarks} - {*NUMBERS}
    for name in sheet.columns:
        left = name in words
        table.add_column(Text(name), justify="left" if left else "right", overflow="fold")
    ranks, number = sheet.ranks(), 0
    for block in sheet.blocks:
        for entry in block.entries:
            styles = ["bold" if ranks.get((number, c.name)) == BEST else "" for c in sheet.values]
            before = [""] * (1 + len(sheet.words))
            cells = zip_longest(sheet.texts(entry), [*before, *styles], fillvalue="")
            last = entry is block.entries[-1]
            table.add_row(*(Text(cell, style) for cell, style in cells), end_section=last)
            number += 1
    return table


@dataclass(frozen=True)
class _Layout:
    """Columns side by side. folded: an interval stands below its value."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    folded: bool

    @property
    def width(self) -> int:
        return sum(GAP + width for width in self.widths)


def _blocks(sheet: Sheet, width: int) -> Iterator[Text]:
    """A heading an entry and its amounts below it; of more columns than fit, one table after the
    other."""
    ranks = sheet.ranks()
    yield Text(sheet.title, "italic")
    for layout in _layouts(sheet, width):
        yield from _side_by_side([*map(_head, layout.columns)], layout, set(), "dim")
        number = 0
        for block in sheet.blocks:
            if len(sheet.blocks) > 1 and block.title:
                yield Text(f"-- {block.title} --", "dim")
            for entry in block.entries:
                yield from map(Text, _folded(_heading(sheet, entry), width))
                best = {c.name for c in layout.columns if ranks.get((number, c.name)) == BEST}
                cells = [_lines(sheet, entry, c, layout.folded) for c in layout.columns]
                yield from _side_by_side(cells, layout, best)
                number += 1
        yield Text("")
    for note in sheet.notes:
        yield from map(Text, _folded(note, width))
    yield Text("")


def _layouts(sheet: Sheet, width: int) -> Iterator[_Layout]:
    """As few tables as fit: all columns in one if that can be, with intervals beside or below their
    values."""
    for folded in (False, True):
        whole = _layout(sheet, sheet.values, folded)
        if whole.width <= width:
            yield whole
            return
    rest = list(sheet.values)
    while rest:
        fit = 1
        while fit < len(rest) and _layout(sheet, rest[: fit + 1], True).width <= width:
            fit += 1
        yield _layout(sheet, rest[:fit], True)
        rest = rest[fit:]


def _layout(sheet: Sheet, columns: Sequence[Column], folded: bool) -> _Layout:
    def widest(column: Column) -> int:
        cells = (_lines(sheet, entry, column, folded) for entry in sheet.entries)
        return max(cell_len(text) for of in (_head(column), *cells) for text in of)

    return _Layout(tuple(columns), tuple(map(widest, columns)), folded)


def _head(column: Column) -> list[str]:
    """The lines above a column."""
    return [column.group, column.part] if column.part else wrap(column.name, NARROW)


def _lines(sheet: Sheet, entry: Entry, column: Column, folded: bool) -> list[str]:
    """The lines of a cell. Marks that the heading says are not said again."""
    heading, found = _heading(sheet, entry), []
    for amount in entry.amounts(column.name):
        marks = in_brackets(amount.source.marks) if column.marked else ""
        shown = "" if marks in heading else marks
        if folded:
            found += [text for text in (amount.head, amount.tail) if text]
            found += wrap(shown.strip(), NARROW)
        else:
            found.append(amount.text + shown)
    return found or [NO_VALUE]


def _heading(sheet: Sheet, entry: Entry) -> str:
    """An entry's words in one line."""
    words = [(name, sheet.word(entry, name)) for name in sheet.words]
    words += [(name, entry.words.get(name, "")) for name in sheet.remarks]
    said = [_said(name, text) for name, text in words if text]
    return ("  " if entry.below else "") + ", ".join([entry.label, *said])


def _said(name: str, text: str) -> str:
    if name == "seeds":
        return f"{text} seed{'' if text == '1' else 's'}"
    return text if name in ("data", "marks") else f"{name}: {text}"


def _folded(text: str, width: int) -> list[str]:
    return wrap(text, max(width, 1), subsequent_indent="  ", drop_whitespace=True) or [""]


def _side_by_side(
    cells: Sequence[Sequence[str]], layout: _Layout, best: set[str], style: str = ""
) -> Iterator[Text]:
    """Cells of several lines, each flushed right in its column."""
    for line in zip_longest(*cells, fillvalue=""):
        text = Text()
        for cell, column, width in zip(line, layout.columns, layout.widths):
            text.append(" " * (GAP + width - cell_len(cell)))
            text.append(cell, "bold" if column.name in best else style)
        yield text
