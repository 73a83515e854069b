"""The mixtures that a page shows: which, with what, and heard."""

import re

import numpy as np
import pytest

from seldbench.report.clips import shown_mixtures
from seldbench.report.pages.rendering import environment
from seldbench.report.pages.run_page import write_run
from seldbench.report.publish import publish
from seldbench.report.results.score_files import published


def test_of_the_shown_mixtures_the_worst_is_wrong_and_the_best_right(write_separation_run):
    found = shown_mixtures.read_answered(write_separation_run("a"))
    (_, worst), _, (_, best) = shown_mixtures.choose(found, 3)
    worst, best = (shown_mixtures.mixture_content(found, name) for name in (worst, best))
    assert (worst["right"], best["right"]) == (0, 1)
    of = found.quality.si_sdr
    assert best["pairs"][0]["si_sdr"] == pytest.approx(of[found.asked.right].max(), abs=0.1)
    assert worst["pairs"][0]["si_sdr"] == pytest.approx(of[~found.asked.right].min(), abs=0.1)


def test_a_shown_mixture_has_its_target_and_names_the_others(write_separation_run):
    run = write_separation_run("a")
    found = shown_mixtures.read_answered(run)
    content = shown_mixtures.mixture_content(found, "test_00001")
    mine = found.reference.mixture == 1
    target = mine & found.reference.target
    (pair,) = content["pairs"]
    assert pair["source"]["number"] == found.reference.source[target][0] == 1
    assert pair["source"]["label"] == found.reference.label[target][0]
    assert pair["answer"]["score"] == 0.8
    assert [of["number"] for of in content["others"]] == [0, 2]


def test_every_source_and_every_answer_of_a_mixture_is_shown_once(write_separation_run):
    found = shown_mixtures.read_answered(write_separation_run("a", asked="all"))
    for i, mixture in enumerate(found.reference.mixtures):
        content = shown_mixtures.mixture_content(found, mixture)
        sources = [p["source"]["number"] for p in content["pairs"] if p["source"]]
        answers = [p["answer"]["number"] for p in content["pairs"] if p["answer"]]
        assert sorted(sources) == list(range(np.sum(found.reference.mixture == i)))
        assert sorted(answers) == list(range(np.sum(found.answers.mixture == i)))
        assert content["others"] == []
        near = [p for p in content["pairs"] if p["source"] and p["answer"]]
        for pair in near:
            assert abs(pair["source"]["azimuth"] - pair["answer"]["azimuth"]) < 22.5


def test_a_mixture_in_which_nothing_was_found_is_shown_as_that(write_separation_run, tmp_path):
    run = write_separation_run("a", asked="all")
    found = shown_mixtures.read_answered(run)
    clip = {"role": "worst", **shown_mixtures.mixture_content(found, "test_00001")}
    pictures = shown_mixtures.add_files(shown_mixtures.signals_of_run(run), [clip], heard=False)
    assert all(pair["answer"] is None for pair in clip["pairs"])
    assert set(pictures) == {"clip-1.png", *(f"clip-1-{k}-source.png" for k in (1, 2, 3))}


def test_mixtures_true_sources_and_what_was_separated_can_be_heard(write_separation_run, tmp_path):
    out = tmp_path / "out"
    publish(write_separation_run("a", mixtures=6), out)
    (result,) = published(out)
    write_run(environment(), result, out, out)
    text = (out / "runs" / "a" / "index.html").read_text()
    clip = text.split('id="clip-1"')[1].split("</section>")[0]
    sounds = re.findall(r'<audio[^>]* src="([^"]*)" aria-label="([^"]*)"', clip)
    assert [name for name, _ in sounds] == [
        "clip-1.ogg",
        "clip-1-1-source.ogg",
        "clip-1-1-answer.ogg",
    ]
    assert [words.split(":")[0] for _, words in sounds] == ["mixture", "true", "separated"]
    assert all((out / "runs" / "a" / name).is_file() for name, _ in sounds)
    # A plot for each of the three, for the cursor.
    assert len(re.search(r'data-box="([^"]*)"', clip)[1].split(";")) == 3
