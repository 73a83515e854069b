"""Tables in GitHub's Markdown: the best of each column in bold, the notes as a list below."""

from seldbench.report.tables.sheet import BEST, Sheet


def markdown(sheet: Sheet) -> str:
    """One table; blocks, where there are several, each under a row with its title."""
    ranks, several = sheet.ranks(), len(sheet.blocks) > 1
    lines = [_line(sheet.columns), _line(["---"] * len(sheet.columns))]
    number = 0
    for block in sheet.blocks:
        if several and block.title:
            lines.append(_line([f"**{_escaped(block.title)}**", *[""] * (len(sheet.columns) - 1)]))
        for entry in block.entries:
            cells = [_escaped(cell) for cell in sheet.texts(entry)]
            if entry.below:
                cells[0] = f"&nbsp;&nbsp;{cells[0].lstrip()}"
            for i, column in enumerate(sheet.values, 1 + len(sheet.words)):
                if ranks.get((number, column.name)) == BEST:
                    cells[i] = f"**{cells[i]}**"
            lines.append(_line(cells))
            number += 1
    notes = "".join(f"\n- {_escaped(note)}" for note in sheet.notes)
    table = "\n".join(lines)
    return f"### {_escaped(sheet.title)}\n\n{table}\n" + (f"{notes}\n" if notes else "")


def _line(cells: "list[str] | tuple[str, ...]") -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """Text for a cell: bars, line ends, HTML, links and emphasis shown as they are."""
    plain = text.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for sign in ("|", "*", "`"):
        plain = plain.replace(sign, f"\\{sign}")
    plain = plain.replace("](", "\\](")
    return " ".join(plain.split("\n"))
