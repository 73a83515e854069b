"""Rules of markup that every page keeps, looked up in its text: no browser is needed."""

from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from seldbench.report.pages.rendering import render
from seldbench.report.pair import publish_pair
from seldbench.report.tables.paired import Pairing

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """ids; levels of headings; heads without scope; tables, and which of them are named."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.levels, self.bare, self.tables, self.opened = [], [], [], [], []
        self.referred = []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.referred += [v[1:] for n, v in attributes if n.endswith("href") and v[:1] == "#"]
        if tag == "th" and "scope" not in given:
            self.bare.append(self.getpos())
        if tag == "table":
            self.tables.append(bool(given.get("aria-label")))
        if tag == "caption":
            self.tables[-1] = True
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.levels.append(int(tag[1]))


@pytest.fixture(scope="module")
def pair(run_maker, tmp_path_factory):
    """Pages of two runs with long names, and the page of both."""
    folder = tmp_path_factory.mktemp("pair")
    runs = [
        run_maker(folder / "runs", f"r{i}", variant=f"small_tag_conditioned+{i}@all")
        for i in range(2)
    ]
    out = folder / "reports"
    publish_pair([runs[0]], [runs[1]], out, pairing=Pairing(replicates=20))
    from seldbench.report.publish import publish

    for run in runs:
        publish(run, out, shown=1)
    render(out)
    return out


REPORTS = ["rendered", "rendered_directions", "rendered_tags", "rendered_mixtures", "pair"]


@pytest.fixture(params=REPORTS)
def pages(request):
    folder = request.getfixturevalue(request.param)
    return {path: Page(path) for path in sorted(folder.rglob("*.html"))}


def test_every_id_of_a_page_is_there_once(pages):
    for path, page in pages.items():
        twice = [name for name, number in Counter(page.ids).items() if number > 1]
        assert not twice, path
        assert {name for name in page.referred if "=" not in name} <= set(page.ids), path


def test_headings_skip_no_level(pages):
    for path, page in pages.items():
        assert page.levels[0] == 1 and page.levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(page.levels)), path


def test_every_head_of_a_table_says_its_scope_and_every_table_its_name(pages):
    for path, page in pages.items():
        assert not page.bare, (path, page.bare[:3])
        assert all(page.tables), path


def test_long_names_may_break_at_underscores_plus_and_at(pair):
    broken = "small_<wbr>tag_<wbr>conditioned<wbr>+1<wbr>@all"
    (page,) = (pair / "pairs").rglob("index.html")
    for path in (page, pair / "index.html", pair / "runs" / "r1" / "index.html"):
        assert broken in path.read_text(), path
        title = path.read_text().split("<title>")[1].split("</title>")[0]
        assert "wbr" not in title
