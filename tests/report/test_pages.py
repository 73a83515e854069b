"""Pages: from the reports folder alone, the same every time, every name shown as it is."""

import re
import shutil
from html.parser import HTMLParser

import pytest

from seldbench.errors import BadFile, MissingData
from seldbench.report.pages.rendering import render
from seldbench.storage import read_json, write_json

LIMIT = 3_000_000  # bytes of a page


class Tags(HTMLParser):
    """Every tag and attribute of a page, and every text outside of styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def reports(rendered, tmp_path):
    """A copy of the published data, to be changed."""
    copy = tmp_path / "copy"
    for name in ("scores", "runs"):
        shutil.copytree(rendered / name, copy / name, ignore=shutil.ignore_patterns("*.html"))
    return copy


def pages(folder):
    return {p.relative_to(folder): p.read_text() for p in sorted(folder.rglob("*.html"))}


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run_page(reports, run):
    return (reports / "runs" / run / "index.html").read_text()


def test_there_is_a_page_over_all_runs_and_one_a_run_and_links_lead_to_them(rendered):
    found = {str(path.parent) for path in pages(rendered)}
    of_runs = {f"runs/{name}" for name in ("real-s0", "real-s1", "sim", "part")}
    assert {
        ".",
        "datasets/desed",
        "datasets/desed-sim",
        "tables",
        "tables/ast_sed",
    } | of_runs <= found
    attributes = Tags((rendered / "index.html").read_text()).attributes
    assert {f"{of}/index.html" for of in of_runs} <= {v for n, v in attributes if n == "href"}


def test_every_link_and_file_of_a_page_is_there(rendered):
    for path, text in pages(rendered).items():
        for name, value in Tags(text).attributes:
            if name in ("href", "src") and not value.startswith(("data:", "#")):
                file, _, part = value.partition("#")
                target = (rendered / path).parent / file
                assert target.is_file(), f"{path}: {value}"
                assert not part or f'id="{part}"' in target.read_text(), f"{path}: {value}"


def test_rendering_from_a_copy_of_the_data_alone_gives_the_same_files(rendered, reports, tmp_path):
    render(reports, tmp_path / "site")
    assert pages(tmp_path / "site") == pages(rendered)
    figures = files(tmp_path / "site" / "figures")
    assert figures == files(rendered / "figures")
    assert not (tmp_path / "site" / "scores").exists()


def test_names_of_classes_and_texts_are_shown_and_never_run(rendered):
    page = run_page(rendered, "real-s0")
    tags = Tags(page)
    assert tags.tags.count("script") == page.count("</script>") == page.count("<script src=")
    assert "b" not in tags.tags
    shown = "".join(tags.texts)
    assert "<script>alert(1)</script>" in shown
    assert "Dog & $cat$" in shown
    assert "CRNN <b>bold</b>" in shown


def test_pages_need_no_network_and_stay_small(rendered):
    for text in pages(rendered).values():
        assert len(text.encode()) < LIMIT
        for name, value in Tags(text).attributes:
            if name in ("src", "href", "xlink:href"):
                assert not re.match(r"\w+:(?!image/png)|//", value.removeprefix("data:")), value
        assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)


def test_a_simulated_limited_and_changed_run_says_so_at_the_top_of_its_page(rendered):
    top = run_page(rendered, "sim").split("<h2>")[0]
    assert "Simulated data." in top
    assert "simulated from built-in sources" in top
    assert "At most 8 clips" in top
    assert "a=1" in top


def test_a_partial_run_says_how_many_clips_were_found(rendered):
    top = run_page(rendered, "part").split("<h2>")[0]
    assert "Partial." in top
    assert "test 3 of 4" in top
    assert "Partial." not in run_page(rendered, "real-s0")


def test_a_folder_s_pages_share_their_style_and_scripts(rendered):
    assert "--ink" in (rendered / "assets" / "style.css").read_text()
    assert (rendered / "assets" / "script.js").is_file()
    for path, text in pages(rendered).items():
        up = "../" * (len(path.parts) - 1)
        assert f'href="{up}assets/style.css"' in text
        assert f'src="{up}assets/script.js"' in text


def test_a_run_page_shows_scores_intervals_tuning_and_provenance(rendered):
    page = run_page(rendered, "real-s0")
    for text in ("0.350 to 0.450", "valid/synthetic", "seldbench run --arch crnn", "f00d", "key0"):
        assert text in page
    assert page.count("data:image/png;base64,") == 3
    assert "<svg" in page.split("PSD-ROC</h2>")[1].split("<h2>")[0]


def test_every_figure_is_a_file_of_its_own_in_plain_colours(rendered):
    names = {p.name for p in (rendered / "figures" / "real-s0").iterdir()}
    own = {"classes", "psd_roc", "precision_recall", "budget", "conditions", "training"}
    own |= {f"clip-{i}" for i in (1, 2, 3)}
    assert names == {f"{name}.{kind}" for name in own for kind in ("svg", "pdf", "csv")}
    for path in (rendered / "figures").rglob("*.svg"):
        assert "var(--" not in path.read_text()


def test_nothing_published_is_an_error_with_the_command_to_start_with(tmp_path):
    with pytest.raises(MissingData, match="seldbench publish"):
        render(tmp_path)


@pytest.mark.parametrize("name", ["curves.json", "psd_roc.json", "clips.json"])
def test_a_page_s_data_of_another_format_is_named(reports, name):
    path = reports / "runs" / "real-s0" / name
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(BadFile, match="format 2") as error:
        render(reports)
    assert str(path) in str(error.value)


def test_a_picture_outside_the_run_s_folder_is_never_read(reports):
    path = reports / "runs" / "real-s0" / "clips.json"
    path.write_text(path.read_text().replace("clip-1.png", "../real-s0/clip-2.png"))
    with pytest.raises(BadFile, match="no picture"):
        render(reports)


def test_notes_say_which_interval_stands_below_a_score_and_what_a_run_lists(reports):
    for path in (reports / "scores").glob("*.json"):
        content = read_json(path)
        both = {"bootstrap": [0.3, 0.5], "jackknife": [0.2, 0.6]}
        content["intervals"] = dict.fromkeys(content["intervals"], both)
        write_json(path, content)
    render(reports)
    said = " ".join((reports / "index.html").read_text().split())
    assert "stand below a score (bootstrap; a run's page lists those by jackknife too)" in said
    assert "0.200 to 0.600" not in said
