"""Dot plots of systems: their seeds, and the rows of a paper's table beside what it published."""

import pytest

from seldbench.report.figures.charts import in_lines
from seldbench.report.figures.systems import systems_figure, table_figures
from seldbench.report.pages.rendering import render
from seldbench.report.publish import publish
from seldbench.report.results.result import groups
from seldbench.report.results.score_files import of_run

SMALL = {"dataset": "desed-sim", "init": {"encoder": "random"}}


@pytest.fixture
def ablations(write_run):
    """Reduced AST-GRU and AST-SED, two seeds each."""
    systems = [("ast_gru", "small"), ("ast_gru", "small_lgd"), ("ast_sed", "small")]
    return [
        write_run(f"{arch}-{variant}-{seed}", arch=arch, variant=variant, seed=seed, **SMALL)
        for arch, variant in systems
        for seed in (0, 1)
    ]


def test_a_table_is_drawn_where_two_of_its_systems_were_measured(ablations):
    results = [of_run(run) for run in ablations]
    names = [table.name for table in table_figures(results)]
    assert {"ast_sed/1", "ast_sed/2"} <= set(names)
    assert "ast_sed/2" not in [table.name for table in table_figures(results[:2])]


def test_simulated_systems_stand_in_panels_beside_the_published_ones(ablations):
    table = next(t for t in table_figures([of_run(r) for r in ablations]) if t.name == "ast_sed/2")
    assert table.kinds == ("reduced",)
    assert "random start" in table.warnings
    for text in ("AST-SED, UR = 10", "published", "simulated", "reduced, simulated data"):
        assert text in table.svg


def test_systems_are_drawn_once_with_all_of_their_seeds(ablations):
    gathered = groups(of_run(run) for run in ablations)
    drawn = systems_figure(gathered, ("psds1",), "Scores")
    assert drawn.count(">ast_gru small_lgd<") == 1
    assert drawn.count(">0.412<") == 3  # the mean of each system


def test_the_page_of_a_set_shows_its_systems_and_that_of_a_paper_its_tables(ablations, tmp_path):
    out = tmp_path / "reports"
    for run in ablations[:3]:
        publish(run, out, shown=0)
    render(out)
    assert "A dot is a seed" in (out / "datasets" / "desed-sim" / "index.html").read_text()
    beside = (out / "tables" / "ast_sed" / "index.html").read_text()
    assert "ast_sed/2: Encoder (FTE)" in beside
    assert '<span class="mark">random start</span>' in beside
    assert (out / "figures" / "tables" / "ast_sed" / "ast_sed-2.svg").is_file()


def test_an_ensemble_s_page_names_its_members(write_run, tmp_path):
    members = [
        {"run": f"r{seed}", "arch": "ast_rnn", "variant": "paper", "seed": seed} for seed in (0, 1)
    ]
    run = write_run("both", arch="ensemble", variant="mean", members=members)
    out = tmp_path / "reports"
    publish(run, out, shown=0)
    render(out)
    text = (out / "runs" / "both" / "index.html").read_text().replace("<wbr>", "")
    assert "<h1>ensemble of 2 × ast_rnn paper on desed</h1>" in text
    assert "Of: ast_rnn paper seed 0, ast_rnn paper seed 1." in text
    assert "<code>r0</code>, <code>r1</code>" in text


def test_a_long_title_above_a_narrow_panel_stands_in_two_lines():
    assert in_lines("Accuracy, mean over folds") == "Accuracy,\nmean over folds"
    assert in_lines("Event F1, macro") == "Event F1, macro"
