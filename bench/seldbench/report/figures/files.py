"""Figures as files beside the page that shows them: SVG, PDF, and CSV of what they draw."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from seldbench.report.figures.pdf import MADE_BY, pdf_of
from seldbench.report.palette import following_the_page, in_light
from seldbench.storage import write_bytes, write_text

Cell = str | float | None


@dataclass(frozen=True)
class Data:
    """What a figure shows, as a table. None stands for no value."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]

    def csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return text.getvalue()


def drawn(
    svg: str, out: Path, folder: str, name: str, data: Data | None = None, *, up: str = ""
) -> Markup:
    """The figure for a page, and below it links to its files in figures/: SVG and PDF in light
    colours, and CSV of its data.

    Args:
        folder, name: safe names of files.
        up: from the page's folder to `out`, such as "../../".
    """
    stem = out / "figures" / folder / name
    light = in_light(svg)
    files = {"SVG": stem.with_name(f"{name}.svg"), "PDF": stem.with_name(f"{name}.pdf")}
    # A PDF follows from its SVG alone, and takes longer than all else.
    if not (_holds(files["PDF"], MADE_BY) and _holds(files["SVG"], light)):
        write_text(files["SVG"], light)
        write_bytes(files["PDF"], pdf_of(light))
    if data is not None:
        files["CSV"] = stem.with_name(f"{name}.csv")
        write_text(files["CSV"], data.csv())
    return inlined(svg, name) + _links(files, f"{up}figures/{folder}/")


def inlined(svg: str, name: str) -> Markup:
    """A figure for a page, in the page's colours. Its ids begin with `name`, so that no other
    figure there has them."""
    own = re.sub(r'((?<=\s)id="|url\(#|href="#)', rf"\g<1>{name}-", following_the_page(svg))
    return Markup(own)


def _holds(path: Path, text: str) -> bool:
    return path.exists() and text.encode() in path.read_bytes()


def _links(files: dict[str, Path], folder: str) -> Markup:
    links = (
        Markup('<a href="{}">{}</a>').format(folder + path.name, kind)
        for kind, path in files.items()
    )
    return Markup('<p class="files small muted">{}</p>').format(Markup(" · ").join(links))
