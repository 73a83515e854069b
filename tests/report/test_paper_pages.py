"""Papers' tables: published and measured side by side, and why they may differ."""

import re

import pytest

from seldbench.report.pages.paper_page import papers, write_paper, write_papers
from seldbench.report.pages.rendering import environment
from seldbench.report.results.score_files import of_run

REDUCED = {"dataset": "desed-sim", "init": {"encoder": "random"}}


def table(results, name):
    return next(t for paper in papers(results) for t in paper.tables if t.name == name)


def test_a_difference_is_of_the_table_s_own_data(write_run):
    results = [of_run(write_run(f"r{seed}", seed=seed)) for seed in (0, 1)]
    of = table(results, "ast_sed/1")
    name, (f1, _), _ = next(iter(of.lines))
    assert (name, of.kinds) == ("CRNN", ["measured"])
    assert f1.published.text == "0.505"
    assert f1.measured["measured"][0].text == "0.450"
    assert f1.difference == "-0.055"  # 0.450 - 0.505
    assert of.reasons == {("2 seeds, their mean",): ["CRNN"]}


def test_of_simulated_data_gains_stand_beside_and_no_difference(write_run):
    runs = [write_run("a", arch="crnn", variant="small", dataset="desed-sim")]
    runs.append(write_run("b", arch="ast_sed", variant="small", **REDUCED))
    of = table([of_run(run) for run in runs], "ast_sed/1")
    lines = {name: held for name, held, _ in of.lines}
    assert (of.base, of.kinds) == ("CRNN", ["reduced"])
    f1, _ = lines["AST-SED"]
    assert f1.difference == ""
    assert f1.gains == {"reduced": ("+0.091", "+0.000")}  # 0.596 - 0.505; both runs are alike
    assert not lines["CRNN"][0].gains


def test_reasons_name_data_start_variant_protocol_and_seeds(write_run):
    run = write_run(
        "a", arch="ast_sed", variant="small", protocol="select_on_test", changes=("a=1",), **REDUCED
    )
    of = table([of_run(run)], "ast_sed/1")
    (why,) = of.reasons
    assert of.reasons[why] == ["AST-SED"]
    for text in (
        "reduced: the variant small, not paper",
        "simulated data: desed-sim",
        "began at random",
        "selected on the split that is reported",
        "a=1",
        "one seed",
    ):
        assert any(text in reason for reason in why), text


def test_values_by_class_have_a_column_a_system(write_run):
    run = write_run("a", arch="ast_sed", variant="paper", classes={"Speech": {"event_f1": 0.7}})
    of = table([of_run(run)], "ast_sed/3")
    lines = {name: held for name, held, _ in of.lines}
    assert of.columns == ["without LGD (UR = 1)", "with LGD (UR = 10)"]
    without, with_ = lines["Speech"]
    assert without.measured["measured"] == []
    assert with_.published.text == "0.6607"
    assert with_.difference == "+0.039"


@pytest.fixture(scope="module")
def pages(run_maker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    runs = [run_maker(folder, "real")]
    runs.append(run_maker(folder, "small", arch="ast_sed", variant="small", **REDUCED))
    templates, of = environment(), papers([of_run(run) for run in runs])
    write_papers(templates, of, folder)
    write_paper(templates, next(paper for paper in of if paper.name == "ast_sed"), folder)
    return folder / "tables"


def test_a_page_lists_all_tables_and_what_was_measured_of_them(pages):
    text = (pages / "index.html").read_text()
    row = re.search(r'<tr><th[^>]*><a href="ast_sed/index.html#ast_sed-1">.*?</tr>', text)[0]
    assert '<td class="number">8</td><td class="number">2</td>' in row
    assert '<span class="mark">measured</span><span class="mark">reduced</span>' in row
    assert '<span class="mark">simulated</span>' in row
    assert "not yet" in text


def test_a_paper_s_page_shows_values_figure_and_reasons(pages):
    text = (pages / "ast_sed" / "index.html").read_text()
    first = text.split('<h2 id="ast_sed-1">')[1].split("<h2")[0]
    assert "reduced, simulated data" in first
    assert ">difference<" in first
    assert "<svg" in first
    assert "Why they may differ" in first
    assert "DESED public validation set" in first  # the protocol
