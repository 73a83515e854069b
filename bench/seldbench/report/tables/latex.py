"""Tables for LaTeX: booktabs, the best of each column in bold and the second underlined, intervals
and spreads small beside their values, marks as letters that the notes below the table explain.

They need `\\usepackage{booktabs,graphicx}` and compile under pdfLaTeX whatever the texts hold.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby

from seldbench.evaluation.names import symbol
from seldbench.report.tables.cells import INTERVALS
from seldbench.report.tables.sheet import (
    BEST,
    NO_VALUE,
    SECOND,
    Amount,
    Cell,
    Column,
    Entry,
    Sheet,
    text_of,
)
from seldbench.report.words import arrow, title

SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row these two would be read as its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "`": "{`}",
    "°": r"$^\circ$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\rightarrow$",
    "−": "$-$",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "′": r"$'$",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "Δ": r"$\Delta$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
LONG = 30  # characters of a remark above which it stands below the table
WIDE = 110  # characters of a row above which intervals stand below their values
PACKAGES = "% needs \\usepackage{booktabs,graphicx}"


def escaped(text: str) -> str:
    """Text that LaTeX typesets as it is, in one line. A character that its standard fonts lack
    stands as its number, such as U+4E2D."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    # A straight mark opens a quotation where nothing, or a blank or bracket, is before it.
    quoted = re.sub(r'(?<![^\s([{–—])"', "“", line).replace('"', "”")
    plain = "".join(map(_sign, quoted))
    return re.sub("-(?=-)", "-{}", plain)  # two of them would become a dash


def _sign(sign: str) -> str:
    if sign in SIGNS:
        return SIGNS[sign]
    if " " <= sign <= "~":
        return sign
    apart = unicodedata.normalize("NFD", sign)
    base, accent = apart[:1], apart[1:]
    if accent in ACCENTS and base.isascii():
        letter = {"i": r"\i", "j": r"\j"}.get(base, base)
        return rf"\{ACCENTS[accent]}{{{letter}}}"
    return f"U+{ord(sign):04X}"


def latex(sheet: Sheet) -> str:
    """One table; two headings above each other where columns come in groups."""
    body = _Body(sheet)
    before, after = body.before, body.after
    align = "l" * (1 + len(before)) + "r" * len(sheet.values) + "l" * len(after)
    lines = [PACKAGES, r"\begin{table}[t]", r"\centering"]
    lines += [rf"\caption{{{escaped(body.caption)}}}"]
    lines += [rf"\label{{tab:{_slug(sheet.label or sheet.title)}}}", r"\footnotesize"]
    # As wide as the text at most.
    lines += [r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"]
    lines += [rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}", r"\toprule", *body.heads(), r"\midrule"]
    lines += [*body.rows(), r"\bottomrule", r"\end{tabular}}", *body.notes(), r"\end{table}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Body:
    sheet: Sheet

    @property
    def caption(self) -> str:
        """What the results are of, and what stands behind their values."""
        said = [
            _capital(self.sheet.about or self.sheet.title),
            *filter(_of_caption, self.sheet.notes),
        ]
        return "".join(f"{text.removesuffix('.')}. " for text in said).rstrip()

    @property
    def one_set(self) -> bool:
        """Whether all rows are on one data set, which the caption names."""
        return len({entry.words.get("data", "") for entry in self.sheet.entries}) == 1

    @property
    def before(self) -> tuple[str, ...]:
        """The columns of words that are needed before the amounts."""
        apart = any(
            len({e.words.get("data", "") for e in block.entries} | {block.title}) > 1
            for block in self.sheet.blocks
        )
        unneeded = {"marks", "data"} if self.one_set or not apart else {"marks"}
        return tuple(name for name in self.sheet.words if name not in unneeded)

    @property
    def after(self) -> tuple[str, ...]:
        """The columns of short words behind the amounts; long ones are notes."""
        texts = {n: [e.words.get(n, "") for e in self.sheet.entries] for n in self.sheet.remarks}
        return tuple(name for name, of in texts.items() if max(map(len, of), default=0) <= LONG)

    @property
    def stacked(self) -> bool:
        """Whether intervals stand below their values, so that the table need not be made small."""
        cells = [
            (
                e.label,
                *(text_of(e.amounts(c.name), False) for c in self.sheet.values),
                *(e.words.get(name, name) for name in self.after),
            )
            for e in self.sheet.entries
        ]
        return sum(max(map(len, column)) for column in zip(*cells)) > WIDE

    @property
    def letters(self) -> dict[str, str]:
        """{mark: the letter that stands for it}."""
        every = [mark for entry in self.sheet.entries for mark in _marks(self.sheet, entry)]
        return {mark: _letter(i) for i, mark in enumerate(dict.fromkeys(every))}

    @cached_property
    def units(self) -> dict[str, str]:
        """{column: the unit of all its amounts, for the heading}, "" where there is none."""
        entries = self.sheet.entries
        names = [column.name for column in self.sheet.values]
        return {name: _unit(a for e in entries for a in e.amounts(name)) for name in names}

    def _shared(self, columns: Sequence[Column]) -> str:
        """The unit of all columns under one heading; "" where they differ."""
        named = {self.units[column.name] for column in columns}
        return named.pop() if len(named) == 1 else ""

    def _unit_of(self, entry: Entry) -> str:
        """The unit of an entry's amounts where columns hold several, for the entry's label."""
        bare = [c.name for c in self.sheet.values if not self.units[c.name]]
        return _unit(a for name in bare for a in entry.amounts(name))

    def heads(self) -> list[str]:
        columns = self.sheet.values
        first = [escaped(_capital(name)) for name in (self.sheet.head, *self.before)]
        last = [escaped(_capital(name)) for name in self.after]
        if not any(column.group for column in columns):
            return [_row([*first, *(_heading(c, self.units[c.name]) for c in columns), *last])]
        above, rules, below, place = [""] * len(first), [], [], len(first) + 1
        for group, of in groupby(columns, lambda c: c.group or c.name):
            members = list(of)
            heading = _title(group, self._shared(members))
            above.append(rf"\multicolumn{{{len(members)}}}{{c}}{{{heading}}}")
            rules.append(rf"\cmidrule(lr){{{place}-{place + len(members) - 1}}}")
            place += len(members)
            parts = {c.name: "" if self._shared(members) else self.units[c.name] for c in members}
            below += [escaped((c.part or c.name) + _in_brackets(parts[c.name])) for c in members]
        return [_row([*above, *[""] * len(last)]), "".join(rules), _row([*first, *below, *last])]

    def rows(self) -> list[str]:
        sheet, ranks, letters = self.sheet, self.sheet.ranks(), self.letters
        several, lines, number = len(sheet.blocks) > 1, [], 0
        cell = partial(_cell, letters=letters, stacked=self.stacked)
        for i, block in enumerate(sheet.blocks):
            lines += [r"\midrule"] if i else []
            if several and block.title:
                wide = 1 + len(self.before) + len(sheet.values) + len(self.after)
                lines.append(
                    rf"\multicolumn{{{wide}}}{{@{{}}l}}{{\textit{{{escaped(block.title)}}}}} \\"
                )
            for entry in block.entries:
                own = self._unit_of(entry)
                label = escaped(entry.label + _in_brackets(own))
                label = (r"\quad " if entry.below else "") + label
                label += _superscript(entry.marks, letters)
                cells = [
                    cell(entry.amounts(c.name), ranks.get((number, c.name), 0), c,
                         unit=self.units[c.name] or own)
                    for c in sheet.values
                ]  # fmt: skip
                words = [escaped(entry.words.get(name, "")) for name in self.before]
                ends = [escaped(entry.words.get(name, "")) for name in self.after]
                lines.append(_row([label, *words, *cells, *ends]))
                number += 1
        return lines

    def notes(self) -> list[str]:
        """Marks with what the notes say of them, then the other notes."""
        letters, rest = self.letters, [n for n in self.sheet.notes if not _of_caption(n)]
        lines = []
        for mark, letter in letters.items():
            mine = [n for n in rest if n.startswith(f"{mark}: ") or _begins(n, mark)]
            rest = [n for n in rest if n not in mine]
            lines.append(rf"\textsuperscript{{{letter}}} " + escaped("; ".join(mine) or mark))
        long = [name for name in self.sheet.remarks if name not in self.after]
        said = [(e, e.words[name]) for name in long for e in self.sheet.entries if name in e.words]
        lines += map(escaped, [*rest, *(f"{_whose(e)}: {text}" for e, text in said)])
        if not lines:
            return []
        head = r"\par\smallskip\begin{minipage}{\linewidth}\scriptsize\raggedright"
        return [head, *(rf"{line}\par" for line in lines), r"\end{minipage}"]


def _whose(entry: Entry) -> str:
    """An entry in a note: of a pair its two sides."""
    return ", ".join([entry.label, *(entry.words[side] for side in "AB" if side in entry.words)])


def _of_caption(note: str) -> bool:
    """Whether a note says what intervals or spreads are."""
    return note.startswith((f"{INTERVALS}:", "±:"))


def _begins(note: str, mark: str) -> bool:
    """Whether a note is about a mark such as "ensemble of 3"."""
    name, colon, _ = note.partition(": ")
    return bool(colon) and mark.startswith(f"{name} of ")


def _marks(sheet: Sheet, entry: Entry) -> list[str]:
    carried = [a for c in sheet.values if c.marked for a in entry.amounts(c.name)]
    return [*entry.marks, *(mark for a in carried for mark in a.source.marks)]


def _cell(
    cell: Cell, rank: int, column: Column, *, unit: str, letters: dict[str, str], stacked: bool
) -> str:
    """unit: stands in a heading, so not in the cell."""
    amounts = [_amount(a, rank, column, letters, stacked, unit) for a in cell]
    return ("; " if not stacked else " ").join(amounts) or escaped(NO_VALUE)


def _amount(
    amount: Amount, rank: int, column: Column, letters: dict[str, str], stacked: bool, unit: str
) -> str:
    wrap = {BEST: r"\textbf{%s}", SECOND: r"\underline{%s}"}.get(rank, "%s")
    value, spread = (text.replace(unit, "") for text in (amount.head, amount.tail))
    head = wrap % _number(value)
    tail = rf"{{\scriptsize {_number(spread)}}}" if spread else ""
    marks = _superscript(amount.source.marks if column.marked else (), letters)
    if stacked and tail:
        return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{head}{marks} \\ {tail}\end{{tabular}}"
    return f"{head} {tail}".rstrip() + marks


def _number(text: str) -> str:
    """Escaped, with minus signs and stars as such."""
    signed = escaped(text).replace("-", "$-$").replace("{[}", "[").replace("{]}", "]")
    return re.sub(r"((?:\{\*\})+)", lambda m: rf"$^{{{'*' * (len(m[1]) // 3)}}}$", signed)


def _superscript(marks: Iterable[str], letters: dict[str, str]) -> str:
    found = ",".join(dict.fromkeys(letters[mark] for mark in marks))
    return rf"\textsuperscript{{{found}}}" if found else ""


def _unit(amounts: Iterable[Amount]) -> str:
    """The symbol that follows all of these; "" where they have none, or several."""
    symbols = {symbol(amount.score) for amount in amounts}
    return symbols.pop() if len(symbols) == 1 else ""


def _heading(column: Column, unit: str) -> str:
    if column.score == column.name:
        return _title(column.score, unit)
    return escaped(column.name + _in_brackets(unit))


def _title(score: str, unit: str = "") -> str:
    return escaped(title(score) + _in_brackets(unit) + arrow(score))


def _in_brackets(unit: str) -> str:
    return f" ({unit.strip()})" if unit else ""


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _letter(number: int) -> str:
    """a to z, then aa, ab, ..."""
    first, last = divmod(number, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + last)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
