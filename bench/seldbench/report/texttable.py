"""A table of text with notes, as Markdown and for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table as RichTable

NO_VALUE = "–"
WORDS = ("data", "runs", "A", "B", "verdict")  # columns that are read rather than compared


@dataclass(frozen=True)
class TextTable:
    """A title, columns, rows of as many cells, and notes that belong below them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def markdown(self) -> str:
        """The table in GitHub's Markdown, the notes as a list below it."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        body = "\n".join("| " + " | ".join(_escaped(c) for c in line) + " |" for line in lines)
        notes = "".join(f"\n- {_escaped(note)}" for note in self.notes)
        return f"### {_escaped(self.title)}\n\n{body}\n" + (f"{notes}\n" if notes else "")

    def as_json(self) -> dict[str, Any]:
        """The same cells: a row is a table by column."""
        rows = [dict(zip(self.columns, row)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}

    def rich_table(self) -> RichTable:
        """The table for a terminal; every text is shown as it is, never read as markup."""
        from rich.table import Table as RichTable
        from rich.text import Text

        caption = Text("\n".join(self.notes), justify="left")
        table = RichTable(title=Text(self.title), caption=caption, caption_justify="left")
        for i, column in enumerate(self.columns):
            left = i == 0 or column in WORDS
            table.add_column(Text(column), justify="left" if left else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(cell) for cell in row))
        return table


def _escaped(text: str) -> str:
    """Text for a cell of Markdown: bars, line ends and HTML shown as they are."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return plain.replace("\n", " ").replace("  published", "&nbsp;&nbsp;published")
