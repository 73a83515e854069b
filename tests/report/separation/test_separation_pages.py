"""Runs about the sources of mixtures: published, and on pages."""

import json
import re

from seldbench.report.pages import separation
from seldbench.report.pages.rendering import render
from seldbench.report.publish import publish
from seldbench.report.results import leaderboard
from seldbench.report.results.score_files import of_run


def page(reports, run):
    return (reports / "runs" / run / "index.html").read_text()


# Results


def test_accuracy_directions_and_separation_lead(write_separation_run):
    dominant = of_run(write_separation_run("a"))
    every = of_run(write_separation_run("b", asked="all", variant="cascade@all"))
    assert dominant.headlines == ("accuracy", "direction_accuracy", "si_sdri")
    assert every.headlines == ("accuracy", "direction_f1", "si_sdri")
    assert dominant.ranking == "accuracy"
    assert dominant.protocol == "held_out"
    assert (dominant.asked, every.asked) == ("dominant", "all")


def test_a_row_says_that_data_are_simulated_and_has_its_scores(rendered_mixtures):
    table = leaderboard.rows(rendered_mixtures).set_index("run")
    assert table.loc["all", "marks"] == "simulated"
    assert table.loc["all", "scorer"] == "sources"
    assert 0 < table.loc["all", "direction_f1"] < 1
    columns = list(table.columns)
    assert columns.index("accuracy") < columns.index("direction_accuracy")
    assert columns.index("direction_f1") < columns.index("si_sdri")


# Pages


def test_a_page_has_causes_conditions_classes_confusions_mixtures_and_training(rendered_mixtures):
    text = page(rendered_mixtures, "dominant")
    for heading in (
        "The first part to fail",
        "By condition",
        "By class",
        "Taken for each other",
        "Training",
        "Look and listen",
        "Provenance",
    ):
        assert f"<h2>{heading}</h2>" in text, heading
    for other in ("PSD-ROC", "Some clips", "<i>bell</i>"):
        assert other not in text, other
    assert "&lt;i&gt;bell&lt;/i&gt;" in text
    assert "one answer a mixture, about its loudest source" in text


def test_a_page_says_that_data_are_simulated_and_which_classes_were_not_asked_for(
    rendered_mixtures,
):
    text = page(rendered_mixtures, "dominant")
    assert "they say nothing about levels on real recordings." in text
    (line,) = re.findall("Not scored, because no question is about them: ([^.]*)[.]", text)
    assert "never" in line.split(", ")


def test_a_stage_that_is_put_together_has_no_training_and_lost_no_log(
    write_separation_run, tmp_path
):
    run, out = write_separation_run("a", signals=False), tmp_path / "reports"
    about = json.loads((run / "run.json").read_text())
    about["stages"] |= {"singles": "joined", "lost": "lost"}
    (run / "run.json").write_text(json.dumps(about))
    for name, epochs in (("joined", 0), ("lost", 3)):
        folder = run.parent / "stages" / name
        folder.mkdir()
        (folder / "done.json").write_text(json.dumps({"epochs": epochs}))
    publish(run, out, shown=0)
    render(out)
    text = page(out, "a")
    assert "Stage singles is put together from others" in text
    assert re.findall(r"The log of stage (\w+) was gone", text) == ["lost"]


def test_every_figure_is_a_file_too(rendered_mixtures):
    figures = {path.stem for path in (rendered_mixtures / "figures" / "all").glob("*.svg")}
    clips = {"clip-1", "clip-2", "clip-3"}
    expected = {"attribution", "conditions", "classes", "confusion", "training"}
    assert figures == expected | clips


def test_the_bar_has_the_numbers_of_the_causes(rendered_mixtures):
    content = json.loads((rendered_mixtures / "scores" / "all.json").read_text())
    kinds = content["attribution"]["kinds"]
    drawn = (rendered_mixtures / "figures" / "all" / "attribution.svg").read_text()
    for kind, of in kinds.items():
        assert f"{kind}: {of['number']} ({100 * of['share']:.1f} %)" in drawn
        if of["share"] >= separation.TIGHT:
            assert f">{100 * of['share']:.1f} %<" in drawn
    assert f"All {content['attribution']['total']} questions." in page(rendered_mixtures, "all")


def test_where_any_number_is_answered_misses_and_false_directions_are_shown(rendered_mixtures):
    text = page(rendered_mixtures, "all")
    assert "an answer for every direction that is found" in text
    assert "False directions are answers about no source" in text
    assert "The answer (nothing) is that of sources that were not found" in text
    assert "(nothing)" in (rendered_mixtures / "figures" / "all" / "confusion.svg").read_text()
    assert "A source is where the score of a direction is above 0.350" in text
    assert "False directions" not in page(rendered_mixtures, "dominant")


def test_seventy_five_classes_have_a_matrix_and_those_at_both_ends_bars(rendered_mixtures):
    matrix = (rendered_mixtures / "figures" / "many" / "confusion.svg").read_text()
    assert all(f">{name}<" in matrix for name in ("family00 0", "family07 3", "family14 4"))
    classes = (rendered_mixtures / "figures" / "many" / "classes.svg").read_text()
    assert "lowest 20" in classes
    assert "highest 20" in classes


def test_what_is_heard_is_told_apart_by_direction_and_colour(rendered_mixtures):
    text = page(rendered_mixtures, "all")
    sounds = re.findall(r'<div class="sound">(.*?)</div>', text)
    clips = text.split('<section class="clip"')[1:]
    for clip in clips:
        named = re.findall(r'<audio[^>]* aria-label="([^"]*)"', clip)
        assert len({*named}) == len(named), named
    separated = [of for of in sounds if "separated: " in of]
    assert separated
    for of in separated:
        assert re.search(r'<span class="key" style="background:var\(--c\d+\)">', of), of
        assert re.search(r"separated: [^<]*, −?\d+°", of), of


def test_sounds_of_one_source_stand_beside_each_other(rendered_mixtures):
    clips = page(rendered_mixtures, "all").split('<section class="clip"')[1:]
    found = []
    for clip in clips:
        first, *rows = (
            re.findall(r'<audio[^>]* aria-label="([^":,]*)', row)
            for row in clip.split('class="row"')[1:]
        )
        assert first == ["mixture"]
        found += rows
    assert ["true", "separated"] in found
    assert {*map(tuple, found)} <= {("true",), ("true", "separated"), ("separated",)}


def test_commonest_mistakes_are_missed_sources_and_false_directions_too(rendered_mixtures):
    text = page(rendered_mixtures, "all")
    table = text.split('aria-label="Classes taken for each other"')[1].split("</table>")[0]
    scores = json.loads((rendered_mixtures / "scores" / "all.json").read_text())
    lost = max(scores["confusion"]["misses"])
    assert f'(nothing)</td><td class="number">{lost}</td>' in table


def test_without_oracles_or_signals_those_parts_are_absent(rendered_mixtures):
    text = page(rendered_mixtures, "many")
    assert "The first part to fail" not in text
    assert "Published without signals, so without spectrograms." in text
    assert "SI-SDR of what was separated: family" not in text
    assert [path.name for path in (rendered_mixtures / "runs" / "many").glob("*.png")] == []


def test_the_index_keeps_what_is_asked_for_apart(rendered_mixtures):
    text = (rendered_mixtures / "index.html").read_text()
    one = text.index("<h3>One answer a mixture, about its loudest source</h3>")
    every = text.index("<h3>An answer for every direction that is found</h3>")
    assert abs(one - every) > 500
    figures = rendered_mixtures / "figures" / "datasets" / "mix75-sim"
    assert {
        "scores-separation-sources-dominant.svg",
        "scores-separation-sources-all.svg",
    } <= {path.name for path in figures.iterdir()}
    assert "Scores</dt><dd>are fractions from 0 to 1, or dB" in text


def test_publishing_the_same_run_again_gives_the_same_files(write_separation_run, tmp_path):
    run, out = write_separation_run("a", asked="all"), tmp_path / "reports"
    publish(run, out)
    first = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    publish(run, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first
