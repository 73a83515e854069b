"""The leaderboard: who stands on which board, in which order, with which words beside."""

import json
import re

import pytest

from seldbench.report.pages.board import NOT_RELEASED, boards
from seldbench.report.pages.index import write_index
from seldbench.report.pages.rendering import environment
from seldbench.report.results.costs import ratio, short
from seldbench.report.results.score_files import of_run
from seldbench.report.tables.said import published_systems


def change(run, **values):
    path = run / "scores.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return run


def change_data(run, **values):
    data = json.loads((run / "scores.json").read_text())["data"]
    return change(run, data=data | values)


def names(of):
    return [entry.name for entry in of.entries]


def test_systems_stand_by_data_set_best_first_and_seeds_count_together(write_run):
    runs = [write_run(f"a{seed}", psds1=0.3 + 0.02 * seed, seed=seed) for seed in (0, 1)]
    runs += [write_run("b", arch="fdy_crnn", psds1=0.35), write_run("c", dataset="desed-sim")]
    (board,) = boards([of_run(run) for run in runs])
    real, simulated = board.sets
    assert (real.dataset, names(real)) == ("desed", ["fdy_crnn wide", "crnn wide"])
    assert (simulated.dataset, simulated.simulated) == ("desed-sim", True)
    one, two = (entry.cells["psds1"] for entry in real.entries)
    assert (one.text, one.below) == ("0.350", "0.300 to 0.400")  # a run has its interval
    assert (two.text, two.below) == ("0.310", "± 0.014")  # seeds have their spread


def test_published_rows_stand_among_measured_ones_and_never_among_simulated(write_run):
    runs = [write_run("real"), write_run("sim", dataset="desed-sim")]
    (board,) = boards([of_run(run) for run in runs], published_systems())
    of = {s.dataset: s for s in board.sets}
    assert {e.origin for e in of["desed"].entries} == {"measured", "published"}
    assert {e.origin for e in of["desed-sim"].entries} == {"measured"}
    best = next(e for e in of["desed"].entries if e.name == "AST-SED")
    assert best.cells["event_f1_macro"].text == "0.596"
    assert best.marks == ("published",)
    assert len(best.said.tables) == 3  # one system, which three tables of its paper give


def test_a_board_has_published_rows_of_its_own_scorer_alone(write_spatial_run):
    run = write_spatial_run("a")
    (board,) = boards([of_run(run)], published_systems())
    assert board.scores[:2] == ("dcase2021/er20", "dcase2021/f20")
    assert board.ranking == "dcase2021/seld_score"
    said = [entry.said for of in board.sets for entry in of.entries if entry.said]
    assert {one.scorer for one in said} == {"dcase2021"}
    assert {one.dataset for one in said} == {"tnsse2021"}


def test_what_was_published_on_data_that_nobody_has_stands_apart():
    said = next(s for s in published_systems() if s.dataset == "mix75-sim")
    assert not said.released
    assert said.fits("sources", ("accuracy",), "dominant")
    assert not said.fits("sources", ("accuracy",), "all")
    assert "never released" in NOT_RELEASED


def test_versions_of_a_data_set_do_not_stand_in_one_order(write_run):
    runs = [write_run("a", psds1=0.1), write_run("b", arch="fdy_crnn", psds1=0.2)]
    runs.append(change_data(write_run("c", arch="sk_crnn", psds1=0.9), fingerprint="beef"))
    (board,) = boards([of_run(run) for run in runs])
    assert [(of.version, len(of.entries)) for of in board.sets] == [
        ("version f00d", 2),
        ("version beef", 1),
    ]


def test_versions_say_what_their_scenes_were_made_of(write_run):
    runs = [
        change_data(write_run("a", dataset="desed-sim"), fingerprint="0123456789abcdef"),
        change_data(write_run("b", dataset="desed-sim"), fingerprint="beef", sounds="197af486d933"),
    ]
    (board,) = boards([of_run(run) for run in runs])
    assert {of.version for of in board.sets} == {
        "built-in sources, version 0123456789",
        "recordings (digest 197af486d9), version beef",
    }


def test_a_partial_set_never_leads_and_published_rows_do_not_join_it(write_run):
    whole = write_run("a", psds1=0.1)
    parts = [
        change_data(write_run(f"p{i}", arch=arch, partial=True), fingerprint="beef")
        for i, arch in enumerate(("sk_crnn", "fdy_crnn"))
    ]
    (board,) = boards([of_run(run) for run in (whole, *parts)], published_systems())
    first, second = (of for of in board.sets if of.home)
    assert first.version == "version f00d"
    assert any(entry.said for entry in first.entries)
    assert not any(entry.said for entry in second.entries)
    assert all(entry.partial for entry in second.entries)


def test_costs_are_shown_in_three_digits_and_unknown_ones_as_a_dash(write_run):
    cost = {"macs_per_second": 1.234e9, "real_time_factor": 0.01234, "device": "cpu"}
    run = change(write_run("a"), cost=cost)
    (board,) = boards([of_run(run)])
    texts = board.sets[0].entries[0].costs.texts
    assert texts == {
        "parameters": "1.11 M",
        "macs": "1.23 G",
        "real_time": "0.0123",
        "training": "12 s",
    }
    assert [short(v) for v in (None, 0, 999, 999.9, 12_345, 999_999, 2.5e12)] == [
        "–", "0", "999", "1.00 k", "12.3 k", "1.00 M", "2.50 T",
    ]  # fmt: skip
    assert ratio(None) == "–"


@pytest.fixture(scope="module")
def page(run_maker, tmp_path_factory):
    """The index of two seeds whose names must be escaped, of a seed that ran again since, and of a
    simulated run."""
    folder, bad = tmp_path_factory.mktemp("board"), '"><script>alert(1)</script>'
    runs = [run_maker(folder, "a", arch=bad), run_maker(folder, "b", arch=bad, seed=1)]
    change(runs[0], label=bad)
    runs.append(run_maker(folder, "old", arch=bad, created="2023-01-01T00:00:00+00:00"))
    runs.append(run_maker(folder, "sim", dataset="desed-sim", limit=8))
    results = [of_run(run) for run in runs]
    write_index(environment(), results, boards(results, published_systems()), folder)
    return (folder / "index.html").read_text()


def test_a_row_opens_its_provenance_without_a_script(page):
    opened = page.split('<tr class="more">')[1].split('<tbody class="s')[0]
    for text in (
        "seldbench run",
        "seldbench reproduce a",
        "seldbench reproduce b",
        "0123456789abcdef",  # the stage's key
        "f00d",
        "test 4 of 4",
        "torch 2.5",
        "valid/synthetic",
        "0.500, 0.300 s",
        "Recipe as it was resolved",
    ):
        assert text in opened, text


def test_names_from_data_are_escaped_wherever_they_stand(page):
    assert "<script>alert" not in page
    assert page.count("<script") == page.count('<script src="assets/')
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 4
    # An attribute ends where it should.
    assert '"">' not in page.replace('value=""', "")


def test_a_board_s_name_is_safe_in_addresses_and_file_names(write_run):
    run = change(write_run("a"), asked='../../"x')
    (board,) = boards([of_run(run)])
    assert board.name == "sed-_______x"


def test_a_simulated_row_says_so_and_is_found_by_the_filters(page):
    row = re.search(
        r'<tbody class="system measured" data-dataset="desed-sim".*?</tbody>', page, re.S
    )
    assert 'data-data="simulated"' in row[0]
    assert '<span class="mark">simulated</span>' in row[0]
    assert '<span class="mark">limit 8</span>' in row[0]


def test_the_filters_are_hidden_until_a_script_shows_them(page):
    form = re.search(r"<form[^>]*>", page)[0]
    assert form.endswith(" hidden>")
    for name in ("task", "dataset", "data", "origin", "arch", "q"):
        assert f'name="{name}"' in page
    assert 'data-sort="number"' in page


def test_a_column_without_any_value_is_not_shown(page, write_run, tmp_path):
    head = re.search(r"<thead>.*?</thead>", page, re.S)[0]
    keys = re.findall(r'data-key="(\w+)"', head)
    assert keys[:2] == ["system", "psds1"] and keys[-3:] == ["parameters", "training", "seeds"]
    assert "real_time" not in keys and "macs" not in keys
    cost = {"macs_per_second": 1.0e9, "real_time_factor": None, "device": None}
    runs = [of_run(change(write_run("a"), cost=cost)), of_run(write_run("b", dataset="x-sim"))]
    write_index(environment(), runs, boards(runs), tmp_path)
    rows = re.findall(r"<tr>.*?</tr>", (tmp_path / "index.html").read_text(), re.S)
    head, first = rows[0], next(row for row in rows if 'class="name"' in row)
    assert re.findall(r'data-key="(\w+)"', head)[-4:] == [
        "parameters", "macs", "training", "seeds",
    ]  # fmt: skip
    assert head.count("<th") == first.count("<th") + first.count("<td")


@pytest.mark.parametrize(("other", "rows"), [(2, 0), (1, 2)])
def test_how_times_were_taken_stands_in_the_heading_or_where_it_differs_by_row(
    write_run, tmp_path, other, rows
):
    cost = {"macs_per_second": 1.0e9, "real_time_factor": 0.003, "device": "cpu", "threads": 2}
    runs = [change(write_run("a"), cost=cost)]
    runs += [change(write_run("b", dataset="x-sim"), cost=cost | {"threads": other})]
    found = [of_run(run) for run in runs]
    write_index(environment(), found, boards(found), tmp_path)
    text = (tmp_path / "index.html").read_text()
    head = re.search(r"<thead>.*?</thead>", text, re.S)[0]
    assert ("cpu, 2 threads, test clips" in head) == (rows == 0)
    body = text.split("</thead>", 1)[1]
    assert len(re.findall(r'0\.00300<span class="interval">cpu, \d thread', body)) == rows
    assert body.count(">0.00300<") == 2


def test_a_group_s_earlier_run_of_a_seed_is_named(page):
    assert "the same seed ran again since" in page
    assert 'href="runs/old/index.html"' in page
