"""What is published with the project: its pages follow from its data."""

import re
import shutil
from pathlib import Path

from seldbench.report.pages.rendering import render
from seldbench.report.results import leaderboard

ROOT = Path(__file__).parents[2]


def without_figures(page):
    # Another release of the drawing library may place a line elsewhere.
    return re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


def test_every_published_page_and_the_leaderboard_follow_from_the_score_files(
    tmp_path, monkeypatch
):
    # Pages link PDFs and show none; most of the time would go into them.
    monkeypatch.setattr("seldbench.report.figures.files.pdf_of", lambda svg: b"%PDF")
    published = sorted((ROOT / "reports" / "scores").glob("*.json"))
    copy = tmp_path / "copy"
    if published:
        shutil.copytree(ROOT / "reports", copy, ignore=shutil.ignore_patterns("*.html"))
        render(copy)
        assert leaderboard.write(copy).read_text() == (ROOT / "leaderboard.csv").read_text()
    made = {p.relative_to(copy): without_figures(p.read_text()) for p in copy.rglob("*.html")}
    tracked = {
        p.relative_to(ROOT / "reports"): without_figures(p.read_text())
        for p in (ROOT / "reports").rglob("*.html")
    }
    assert made == tracked
