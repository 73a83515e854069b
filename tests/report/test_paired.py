"""Runs pair by pair: which is better, when that is not known, and what is not comparable."""

import io
import json
import re

import pytest
from rich.console import Console

from seldbench.errors import BadFile, BadRun, UnknownName
from seldbench.report.compare import compare
from seldbench.report.tables.paired import Pairing

CLIPS = tuple(f"{i:02}.wav" for i in range(12))
ANYWAY = Pairing(anyway=True)


def rewrite(path, **changes):
    """Changes keys of a JSON file; a key "data.partial" lies in the table "data"."""
    content = json.loads(path.read_text())
    for name, value in changes.items():
        *tables, key = name.split("__")
        inner = content
        for table in tables:
            inner = inner[table]
        inner[key] = value
    path.write_text(json.dumps(content))


@pytest.fixture
def tested(write_run):
    """tested(name, hits, **what differs) -> a run on 12 clips of one dog each; in the first `hits`
    of them it is found. Its event F1 on record is what its files give."""

    def write(name, hits, clips=CLIPS, **options):
        run = write_run(name, **options)
        lines = ["filename\tonset\toffset\tevent_label"]
        truth = [f"{clip}\t1.0\t2.0\tdog" for clip in clips]
        found = [*truth[:hits], *(f"{clip}\t\t\t" for clip in clips[hits:])]
        durations = ["filename\tduration", *(f"{clip}\t10.0" for clip in clips)]
        (run / "reference" / "ground_truth.tsv").write_text("\n".join(lines + truth) + "\n")
        (run / "reference" / "durations.tsv").write_text("\n".join(durations) + "\n")
        (run / "predictions" / "events.tsv").write_text("\n".join(lines + found) + "\n")
        (run / "predictions" / "scores.npz").unlink()
        f1 = 2 * hits / (hits + len(clips))
        rewrite(run / "scores.json", scores={"psds1": None, "event_f1_macro": f1})
        return run

    return write


def pair(comparison):
    (found,) = comparison.paired.found.pairs
    return found


def test_a_run_that_finds_what_another_misses_is_better(tested):
    """F1 24/24 against 2 x 3 / 15 = 0.4."""
    made = compare([tested("a", 12, variant="wide"), tested("b", 3, variant="desed")])
    found = pair(made)
    assert (found.score, found.first, found.second) == ("event_f1_macro", "crnn wide", "crnn desed")
    assert found.difference == pytest.approx(0.6)
    assert found.verdict == "crnn wide better"
    assert made.paired.marks == ()


def test_runs_of_the_same_predictions_are_not_told_apart(tested):
    made = compare([tested("a", 6), tested("b", 6, variant="desed")])
    assert pair(made).p_holm == 1
    assert pair(made).verdict == "not resolved"


def test_seeds_of_one_system_are_one_side_of_a_pair(tested):
    """Means over seeds: (2 x 6 / 18 + 2 x 8 / 20) / 2 and 2 x 7 / 19."""
    seeds = [tested("a0", 6, seed=0), tested("a1", 8, seed=1)]
    made = compare([*seeds, tested("b", 7, variant="desed")])
    assert made.paired.found.seeds == {"crnn wide": 2, "crnn desed": 1}
    assert pair(made).difference == pytest.approx((12 / 18 + 16 / 20) / 2 - 14 / 19)


def test_seeds_alone_are_one_system_and_no_pair(tested):
    made = compare([tested("a0", 6, seed=0), tested("a1", 8, seed=1)])
    assert made.paired is None
    assert made.tables == (made.beside,)


def test_a_paper_s_table_is_printed_without_pairs(tested):
    made = compare([tested("a", 6), tested("b", 7, limit=3)], table="ast_sed/1")
    assert made.paired is None


def test_runs_of_one_variant_that_are_not_its_seeds_are_numbered_and_named_below(tested):
    made = compare([tested("a", 6), tested("b", 7, changes=("training.epochs=3",))])
    assert (pair(made).first, pair(made).second) == ("crnn wide #1", "crnn wide #2")
    assert {"crnn wide #1: a", "crnn wide #2: b"} <= set(made.paired.table().notes)


def test_a_baseline_is_named_by_its_run_or_its_system(tested):
    runs = [tested(v, 6 + i, variant=v) for i, v in enumerate(("wide", "desed", "short"))]
    for name in ("desed", "runs/desed", "crnn desed"):
        made = compare(runs, pairing=Pairing(baseline=name))
        assert [p.second for p in made.paired.found.pairs] == ["crnn desed", "crnn desed"]
    with pytest.raises(UnknownName, match=r"no system or run 'dessed'.*near: desed"):
        compare(runs, pairing=Pairing(baseline="dessed"))


def test_frame_scores_give_psds_and_events_their_own_f1(write_run):
    """Both runs have the same frame scores; b's own thresholds decided no event."""
    runs = [write_run("a"), write_run("b", variant="desed")]
    events = runs[1] / "predictions" / "events.tsv"
    events.write_text("".join(f"{line}\n" for line in events.read_text().splitlines()[:1]))
    found = {p.score: p for p in compare(runs).paired.found.pairs}
    assert found["psds1"].difference == 0
    assert found["event_f1_macro"].difference > 0


def test_other_scores_than_the_headlines_are_compared_where_asked_for(tested):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    made = compare(runs, pairing=Pairing(scores=("event_f1_micro",)))
    assert pair(made).score == "event_f1_micro"
    with pytest.raises(UnknownName, match="event_f1_micro"):
        compare(runs, pairing=Pairing(scores=("event_f1_mikro",)))


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"data__fingerprint": "beef"}, "different data version"),
        ({"data__test_labels": "2021-12"}, "different labels version"),
        ({"data__sounds": "c0ffee"}, "different sounds"),
        ({"metrics_version": 2}, "different metric version"),
        ({"split": "valid"}, "different split"),
        ({"dataset": "desed-sim"}, "different data set"),
        ({"task": "tagging"}, "different task"),
        ({"data__partial": True}, "partial"),
    ],
)
def test_runs_that_do_not_compare_are_refused_with_the_reason_and_the_option(tested, changes, mark):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    rewrite(runs[1] / "scores.json", **changes)
    with pytest.raises(BadRun, match=rf"{mark.split(' ', 1)[-1]}.*--anyway") as refused:
        compare(runs)
    assert re.search(r"\bb\b", str(refused.value))


def test_limited_runs_are_refused_even_if_both_are_limited_alike(tested):
    runs = [tested("a", 6, limit=8), tested("b", 7, limit=8, variant="desed")]
    with pytest.raises(BadRun, match=r"a was limited \(limit 8\); b was limited"):
        compare(runs)
    assert compare(runs, pairing=ANYWAY).paired.marks == ("limit 8",)


def test_another_fold_is_another_test_set(tested):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    rewrite(runs[1] / "run.json", fold=2)
    with pytest.raises(BadRun, match="different fold"):
        compare(runs)


def test_a_reference_that_changed_is_refused_and_one_in_another_order_is_not(tested):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    reference = runs[1] / "reference" / "ground_truth.tsv"
    head, *rows = reference.read_text().splitlines()
    reference.write_text("\n".join([head, *reversed(rows)]) + "\n")
    assert pair(compare(runs)).difference == pytest.approx(12 / 18 - 14 / 19)
    reference.write_text(reference.read_text().replace("2.0\tdog", "2.5\tdog"))
    with pytest.raises(BadRun, match=r"different references .*b/reference"):
        compare(runs)


def test_with_anyway_every_verdict_and_both_outputs_carry_the_mark(tested):
    runs = [tested("a", 12), tested("b", 3, variant="desed", partial=True)]
    rewrite(runs[1] / "scores.json", metrics_version=2)
    made = compare(runs, pairing=ANYWAY)
    mark = "different metric version; partial"
    table = made.paired.table()
    assert table.rows[0][-1] == f"crnn wide better ({mark})"
    assert mark in table.title
    assert any("compared anyway: b was scored on a partial" in note for note in table.notes)
    assert made.as_json()["paired"]["marks"] == mark.split("; ")
    assert mark in made.markdown()


def test_with_anyway_only_the_clips_that_both_have_count(tested):
    """a finds the first 6 of 12 clips, b the first 6 of the last 8: of those 8, 2 and 6."""
    runs = [tested("a", 6), tested("b", 6, clips=CLIPS[4:], variant="desed", partial=True)]
    made = compare(runs, pairing=ANYWAY)
    assert pair(made).difference == pytest.approx(2 * 2 / 10 - 2 * 6 / 14)
    assert any("on the 8 clips that all" in note for note in made.paired.notes)


def test_with_anyway_runs_without_a_common_clip_stay_unpaired_and_say_so(tested):
    runs = [tested("a", 6, clips=CLIPS[:6]), tested("b", 6, clips=CLIPS[6:], dataset="desed-sim")]
    made = compare(runs, pairing=ANYWAY)
    assert made.paired.found is None
    assert "not paired: the runs share no clips" in made.markdown()
    assert made.as_json()["paired"]["pairs"] == []


def test_simulated_runs_of_one_version_compare_without_another_mark(tested):
    runs = [tested(v, 6, variant=v, dataset="desed-sim") for v in ("wide", "desed")]
    made = compare(runs).paired
    assert made.marks == ()
    assert made.table().title == "Paired comparison on desed-sim (simulated)"


def test_a_score_on_record_that_the_files_do_not_give_is_pointed_out(tested):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    assert not any("on record" in note for note in compare(runs).paired.notes)
    rewrite(runs[0] / "scores.json", scores__event_f1_macro=0.9)
    notes = compare(runs).paired.notes
    assert any("crnn wide: 0.9000 on record, 0.6667 from its files" in note for note in notes)


def test_an_incomplete_run_folder_is_named(tested):
    runs = [tested("a", 6), tested("b", 7, variant="desed")]
    (runs[1] / "reference" / "durations.tsv").unlink()
    with pytest.raises(BadFile, match=r"b/reference/durations\.tsv"):
        compare(runs)


def test_the_table_reads_alike_in_markdown_and_in_the_terminal(tested):
    made = compare([tested("a", 12), tested("b", 3, variant="desed")])
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(made.rich_table())
    for text in (made.markdown(), console.export_text()):
        assert "Measured beside published" in text
        assert "Paired comparison" in text
        assert "crnn wide better" in text
        assert "+0.600 [" in text


def test_json_holds_both_tables(tested):
    made = compare([tested("a", 12), tested("b", 3, variant="desed")])
    plain = json.loads(json.dumps(made.as_json()))
    assert plain["beside"]["rows"][0]["system"].startswith("crnn")
    assert plain["paired"]["pairs"][0]["better"] == "crnn wide"
    assert plain["paired"]["marks"] == []
    assert plain["paired"]["runs"] == {"crnn wide": ["a"], "crnn desed": ["b"]}
