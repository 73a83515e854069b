"""Pages are rendered anew where what they are made of changed, and nowhere else."""

import json
import shutil

import pytest

from seldbench.report.pages import cache, rendering
from seldbench.report.pages.cache import Rendering
from seldbench.storage import write_text


@pytest.fixture
def reports(rendered, tmp_path):
    """A copy of a rendered folder, to be changed."""
    copy = tmp_path / "copy"
    shutil.copytree(rendered, copy)
    return copy


@pytest.fixture
def render(monkeypatch):
    """Renders a folder; gives the names of the pages that were written anew."""
    found = []

    class Noted(Rendering):
        def __init__(self, out):
            super().__init__(out)
            found.append(self)

    monkeypatch.setattr(rendering, "Rendering", Noted)

    def made(reports):
        rendering.render(reports)
        return set(found[-1].written)

    return made


def test_nothing_is_rendered_where_nothing_changed(reports, render):
    assert render(reports) == set()


def test_a_changed_score_renders_its_run_its_set_its_papers_and_the_index(reports, render):
    path = reports / "scores" / "sim.json"
    content = json.loads(path.read_text())
    content["scores"]["psds1"] = 0.1
    path.write_text(json.dumps(content))
    written = render(reports)
    assert {"runs/sim", "datasets/desed-sim", ""} <= written
    assert not {"runs/real-s0", "datasets/desed"} & written
    assert "tables/m2m_ast" not in written


def test_other_data_of_a_run_render_its_page_alone(reports, render):
    path = reports / "runs" / "real-s0" / "curves.json"
    path.write_text(path.read_text().replace('"loss"', '"cost"'))
    assert render(reports) == {"runs/real-s0"}


@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("runs/real-s0/index.html", "runs/real-s0"),
        ("figures/real-s0/classes.svg", "runs/real-s0"),
        ("datasets/desed/index.html", "datasets/desed"),
        ("index.html", ""),
    ],
)
def test_a_file_that_is_gone_or_was_changed_by_hand_is_written_anew(reports, render, file, page):
    before = (reports / file).read_bytes()
    (reports / file).unlink()
    assert render(reports) == {page}
    (reports / file).write_text("changed")
    assert render(reports) == {page}
    assert (reports / file).read_bytes() == before


def test_other_code_or_other_data_render_a_page_anew(tmp_path, monkeypatch):
    def made(inputs):
        pages = Rendering(tmp_path)
        pages.page("x", inputs, lambda: write_text(tmp_path / "x" / "index.html", inputs))
        return pages.written

    assert (made("a"), made("a"), made("b")) == (["x"], [], ["x"])
    monkeypatch.setattr(cache, "code_digest", lambda: "other")
    assert (made("b"), made("b")) == (["x"], [])


@pytest.mark.parametrize("content", ["", "[]", '{"format": 9}', '{"format": 1, "outputs": 3}'])
def test_a_cache_file_that_cannot_be_read_counts_as_none(reports, render, content):
    (reports / ".cache" / "runs" / "sim.json").write_text(content)
    assert render(reports) == {"runs/sim"}


def test_the_cache_is_not_for_version_control(reports):
    assert (reports / ".cache" / ".gitignore").read_text() == "*\n"


def test_a_digest_tells_parts_apart():
    assert cache.digest("ab", "c") != cache.digest("a", "bc")
