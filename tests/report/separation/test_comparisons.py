"""Runs about the sources of mixtures compared: side by side, pair by pair, with tables."""

import json

import pytest

from seldbench.errors import BadRun
from seldbench.metrics.sources import mcnemar
from seldbench.report.clips import shown_mixtures
from seldbench.report.compare import compare
from seldbench.report.pages.pair_page import write_pair
from seldbench.report.pages.rendering import environment
from seldbench.report.pair import publish_pair
from seldbench.report.results.score_files import of_run
from seldbench.report.tables.paired import Pairing


def test_two_cascades_are_shown_side_by_side_on_a_mixture(write_separation_run, tmp_path):
    runs = [
        write_separation_run("a", wrong=0.0, mixtures=6),
        write_separation_run("b", wrong=1.0, mixtures=6, draw=5, variant="overlapped"),
    ]
    folder = publish_pair([runs[0]], [runs[1]], tmp_path, pairing=Pairing(replicates=60))
    write_pair(environment(), folder.name, tmp_path, tmp_path)
    shown = json.loads((folder / "pair.json").read_text())["shown"]
    assert [clip["difference"] for clip in shown["clips"]] == [1.0, 1.0]
    assert all(clip["first"]["right"] > clip["second"]["right"] for clip in shown["clips"])
    text = (folder / "index.html").read_text()
    assert "McNemar" in text
    first = text.split('id="clip-1"')[1].split("</section>")[0]
    rows = [row.count("<audio") for row in first.split('class="row"')[1:]]
    assert rows == [1, 3]  # the mixture; the true source, what was separated by each
    assert 'src="first-1.ogg"' in first and 'src="second-1-1-answer.ogg"' in first


def test_runs_are_compared_pair_by_pair_with_mcnemar_s_test(write_separation_run):
    runs = [
        write_separation_run("a", wrong=0.2),
        write_separation_run("b", wrong=0.9, draw=5, variant="overlapped"),
    ]
    made = compare(runs)
    pairs = {pair.score: pair for pair in made.paired.found.pairs}
    assert set(pairs) == {"accuracy", "direction_accuracy", "si_sdri"}
    right = [shown_mixtures.read_answered(run).asked.right for run in runs]
    (exact,) = pairs["accuracy"].mcnemar
    assert exact.p == pytest.approx(mcnemar(*right))
    assert exact.first == (right[0] & ~right[1]).sum()
    off = [shown_mixtures.read_answered(run).asked.error < 22.5 for run in runs]
    (of_directions,) = pairs["direction_accuracy"].mcnemar
    assert of_directions.p == pytest.approx(mcnemar(*off))
    assert of_directions.second == (off[1] & ~off[0]).sum()
    assert pairs["si_sdri"].mcnemar == ()
    assert pairs["accuracy"].difference == pytest.approx(right[0].mean() - right[1].mean())
    table = made.paired.table()
    cell = table.rows[0][table.columns.index("McNemar p (A alone : B alone)")]
    assert cell == f"{exact.p:.3g} ({exact.first} : {exact.second})"
    assert made.paired.notes == ()
    assert "| McNemar p (A alone : B alone) |" in made.markdown()


def test_several_seeds_have_a_test_each(write_separation_run):
    seeds = [write_separation_run(f"a{k}", seed=k, draw=k, signals=False) for k in range(2)]
    other = [
        write_separation_run(f"b{k}", seed=k, draw=9 + k, variant="e2e", signals=False)
        for k in range(3)
    ]
    made = compare([*seeds, *other], pairing=Pairing(scores=("accuracy",)))
    (pair,) = made.paired.found.pairs
    assert len(pair.mcnemar) == 2
    first = [shown_mixtures.read_answered(runs[1]).asked.right for runs in (seeds, other)]
    assert pair.mcnemar[1].p == pytest.approx(mcnemar(*first))


def test_accuracies_with_a_truth_given_compare_too(write_separation_run):
    runs = [
        write_separation_run("a", signals=False),
        write_separation_run("b", draw=5, variant="e2e", signals=False),
    ]
    pairing = Pairing(scores=("accuracy_oracle_direction",))
    (pair,) = compare(runs, pairing=pairing).paired.found.pairs
    values = [of_run(run).value("accuracy_oracle_direction") for run in runs]
    assert pair.difference == pytest.approx(values[0] - values[1])


def test_one_source_asked_for_and_all_do_not_compare(write_separation_run):
    runs = [
        write_separation_run("a", signals=False),
        write_separation_run("b", asked="all", signals=False, variant="cascade@all"),
    ]
    with pytest.raises(BadRun, match=r"different questions \(dominant: a; all: b\)"):
        compare(runs)


def test_other_sources_do_not_compare(write_separation_run):
    runs = [
        write_separation_run("a", signals=False),
        write_separation_run("b", variant="e2e", signals=False),
    ]
    path = runs[1] / "reference" / "sources.tsv"
    path.write_text(path.read_text().replace("<i>bell</i>", "family0 1"))
    with pytest.raises(BadRun, match="different references"):
        compare(runs)


def test_each_protocol_has_its_table(write_separation_run):
    runs = [
        write_separation_run("a", signals=False),
        write_separation_run("b", asked="all", signals=False, variant="cascade@all"),
    ]
    made = compare(runs, pairing=Pairing(anyway=True))
    titles = [table.title for table in (made.beside, *made.further)]
    assert titles == [
        "Measured beside published (dominant)",
        "Measured beside published (all)",
    ]
    dominant = made.beside
    assert dominant.columns[3:] == ("accuracy", "direction_accuracy")
    (measured, published) = dominant.rows
    assert measured[1] == "mix75-sim (simulated)"
    assert published[:2] == ("  published: (SSL)+(SSS)+(SSC) (overlap_e2e/1)", "not released")
    assert published[3] == "0.697"
    assert len(made.further[0].rows) == 1  # the paper does not have it


def test_a_run_stands_in_its_row_of_the_paper_s_table(write_separation_run):
    run = write_separation_run("a", signals=False)
    made = compare([run], table="overlap_e2e/1").beside
    row = next(of for of in made.rows if of[0] == "(SSL)+(SSS)+(SSC)")
    assert row[made.columns.index("accuracy published")] == "0.697"
    cell = row[made.columns.index("accuracy simulated")]
    assert cell.startswith(f"{of_run(run).value('accuracy'):.3f} [")
    assert cell.endswith("(simulated)")
    assert row[made.columns.index("accuracy measured")] == "–"
