"""PDF files of figures: what is in the SVG is in the PDF, and equal SVGs give equal files."""

import base64
import io
import re
import zlib

import numpy as np
import pytest
from matplotlib import image

from seldbench.report.clips.picture import grey_png
from seldbench.report.figures.files import Data, drawn
from seldbench.report.figures.pdf import MADE_BY, figure_of, pdf_of
from seldbench.report.palette import LIGHT


def of(content, size="100 50"):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">{content}</svg>'


def page(svg):
    """The drawing commands of the PDF's page, one line each."""
    pdf = pdf_of(svg)
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL)
    texts = []
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue
    return " ".join(texts[0].split())


def test_a_unit_is_a_point_and_up_is_up():
    assert b"/MediaBox [ 0 0 100 50 ]" in pdf_of(of(""))
    drawn = page(of('<line x1="10" y1="5" x2="90" y2="5" stroke="#ff0000" stroke-width="2"/>'))
    assert "10 45 m" in drawn and "90 45 l" in drawn
    assert "1 0 0 RG" in drawn and "2 w" in drawn


def test_equal_figures_give_equal_files_without_a_date():
    svg = of('<text x="5" y="20" fill="#123456">Dog &amp; $cat$ &lt;b&gt;</text>')
    assert pdf_of(svg) == pdf_of(svg)
    assert b"CreationDate" not in pdf_of(svg)
    assert MADE_BY.encode() in pdf_of(svg)


def test_a_figure_s_files_are_made_anew_where_they_are_not_of_its_svg(tmp_path):
    figure = of('<rect width="9" height="9" fill="#1c2530"/>')
    shown = drawn(figure, tmp_path, "a", "b", Data(("x", "y"), [(1, None), ('"', 0.5)]), up="../")
    folder = tmp_path / "figures" / "a"
    assert "var(--ink)" in shown and 'href="../figures/a/b.csv"' in shown
    assert (folder / "b.csv").read_text() == 'x,y\n1,\n"""",0.5\n'
    assert "var(--" not in (folder / "b.svg").read_text()
    made = (folder / "b.pdf").read_bytes()
    for name, other in (("b.svg", "<svg/>"), ("b.pdf", "of another version")):
        (folder / name).write_text(other)
        drawn(figure, tmp_path, "a", "b")
        assert (folder / "b.pdf").read_bytes() == made
        assert (folder / "b.svg").read_text() == figure


@pytest.mark.parametrize(
    ("path", "points"),
    [
        ("M1 2L3 4h5v6z", ["1 48 m", "3 46 l", "8 46 l", "8 40 l"]),
        ("m1 2 3 4", ["1 48 m", "4 44 l"]),
        ("M 1 2 C 3 4 5 6 7 8", ["1 48 m", "3 46 5 44 7 42 c"]),
        ("M1 2h0M5 2h0", ["1 48 m", "1 48 l", "5 48 m", "5 48 l"]),
    ],
)
def test_paths_are_drawn_as_they_are_written(path, points):
    drawn = page(of(f'<path d="{path}" stroke="#000000" fill="none"/>'))
    places = [drawn.index(point) for point in points]
    assert places == sorted(places)


def test_groups_hand_down_their_look_and_shapes_are_moved_and_turned():
    drawn = page(
        of(
            '<g stroke="#00ff00" fill="none"><g transform="translate(10 5)">'
            '<path d="M0 0L1 0" transform="rotate(90)"/></g></g>'
        )
    )
    assert "0 1 0 RG" in drawn
    assert "10 45 m" in drawn and "10 44 l" in drawn


def test_a_title_is_not_drawn_and_a_copy_is():
    drawn = page(
        of(
            '<defs><path id="dot" d="M0 0L1 1"/></defs><rect width="5" height="5" fill="#0000ff">'
            '<title>hint</title></rect><use href="#dot" x="20" y="30" style="stroke: #000000"/>'
        )
    )
    assert "20 20 m" in drawn and "21 19 l" in drawn
    assert "0 0 1 rg" in drawn
    assert b"FontFile" not in pdf_of(of("<rect><title>hint</title></rect>"))


def test_pictures_and_texts_of_a_script_that_the_font_lacks_do_not_stop_it():
    png = base64.b64encode(grey_png(np.arange(6, dtype=np.uint8).reshape(2, 3))).decode()
    svg = of(
        f'<image x="1" y="2" width="30" height="20" href="data:image/png;base64,{png}"/>'
        f'<text y="9" fill="{LIGHT["ink"]}">犬 ✓</text>'
    )
    assert b"/Subtype /Image" in pdf_of(svg)


def test_pictures_stand_upright_in_their_place_and_later_shapes_lie_above():
    png = base64.b64encode(grey_png(np.array([[0, 0], [255, 255]], np.uint8))).decode()
    svg = of(
        f'<image x="10" y="10" width="40" height="20" href="data:image/png;base64,{png}"/>'
        '<circle cx="40" cy="20" r="6" fill="#ff0000"/>'
    )
    buffer = io.BytesIO()
    figure_of(svg).savefig(buffer, format="png", dpi=72, facecolor="white")
    pixels = (255 * image.imread(io.BytesIO(buffer.getvalue()))).round().astype(int)
    assert pixels[13, 20, :3].tolist() == [0, 0, 0]
    assert pixels[27, 20, :3].tolist() == [255, 255, 255]
    assert pixels[20, 40, :3].tolist() == [255, 0, 0]
    assert pixels[5, 80, :3].tolist() == [255, 255, 255]
