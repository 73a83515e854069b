"""Runs about the sources of mixtures through the report: published, on pages, and compared."""

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile

from seldbench.annotations.sources import SourceTable, write_answers, write_sources
from seldbench.errors import BadRun
from seldbench.evaluation import Resampling
from seldbench.experiment.scoring import scored_separation
from seldbench.metrics.sources import mcnemar
from seldbench.report import leaderboard, separation, shown_mixtures
from seldbench.report.compare import compare
from seldbench.report.pages import environment, render
from seldbench.report.pair import publish_pair
from seldbench.report.pair_page import write_pair
from seldbench.report.paired import Pairing
from seldbench.report.publish import publish
from seldbench.report.run_page import write_run
from seldbench.report.score_files import of_run, published
from seldbench.runs import Run

RATE, SAMPLES = 16000, 4000
TWELVE = ("<i>bell</i>", *(f"family{i // 5} {i % 5}" for i in range(11)))
MANY = tuple(f"family{i // 5:02} {i % 5}" for i in range(75))


def made_up(rng, mixtures, classes):
    """Two or three sources a mixture, of which the first or second is the target."""
    number = np.arange(mixtures) % 2 + 2
    mixture = np.repeat(np.arange(mixtures), number)
    target = np.concatenate([np.arange(n) == i % 2 for i, n in enumerate(number)])
    azimuth = np.concatenate([45.0 * rng.permutation(8)[:n] for n in number])
    label = np.array([classes[i] for i in rng.integers(0, len(classes), len(mixture))], object)
    return SourceTable(
        tuple(f"test_{i:05}" for i in range(mixtures)),
        mixture,
        label,
        np.concatenate([np.arange(n) for n in number]),
        (azimuth + 180) % 360 - 180,
        target=target,
    )


def answered(rng, asked, classes, wrong, **fields):
    """Answers that are wrong in that share of cases, with scores."""
    label = asked.label.copy()
    mistaken = rng.random(len(label)) < wrong
    label[mistaken] = [classes[i] for i in rng.integers(0, len(classes), mistaken.sum())]
    scores = rng.uniform(0, 0.4, (len(label), len(classes)))
    scores[np.arange(len(label)), [classes.index(name) for name in label]] = 0.8
    return replace(asked, label=label, target=None, scores=scores, classes=classes, **fields)


def rows(table, which):
    """Some rows of a table; its mixtures stay."""
    picked = {n: of[which] for n, of in vars(table).items() if isinstance(of, np.ndarray)}
    return replace(table, **picked)


def found_by(rng, sources, classes, wrong):
    """One source in five is missed, one answer in ten is about none; in the second mixture nothing
    is found."""
    kept = (rng.random(len(sources)) > 0.2) & (sources.mixture != 1)
    kept[0] = True
    answers = answered(rng, rows(sources, kept), classes, wrong)
    azimuth = answers.azimuth + np.where(rng.random(len(answers)) < 0.1, 30, 0)
    first = np.searchsorted(answers.mixture, answers.mixture)
    number = np.arange(len(answers)) - first
    return replace(answers, azimuth=azimuth, source=None, answer=number)


def write_signal(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -1, 1), RATE)


def write_signals(run, rng, sources, answers):
    """A tone a source; what was separated has some of the mixture left."""
    time = np.arange(SAMPLES) / RATE
    mixtures = {}
    for i, name in enumerate(sources.mixtures):
        signals = {}
        for source in sources.source[sources.mixture == i].tolist():
            hertz = rng.uniform(200, 3000)
            signals[source] = 0.15 * np.sin(2 * np.pi * hertz * time) * (time > rng.uniform(0, 0.1))
            write_signal(run / "reference" / "signals" / name / f"{source}.flac", signals[source])
        mixture = sum(signals.values()) + 0.003 * rng.standard_normal(SAMPLES)
        write_signal(run / "reference" / "mixtures" / f"{name}.flac", mixture)
        own = signals[rng.integers(0, len(signals))]
        mixtures[i] = mixture + rng.uniform(0, 3) * own
    numbers = [None] * len(answers) if answers.answer is None else answers.answer.tolist()
    for i, number in zip(answers.mixture.tolist(), numbers):
        path = run / "predictions" / "separated" / sources.mixtures[i]
        path = path.with_suffix(".flac") if number is None else path / f"{number}.flac"
        write_signal(path, rng.uniform(0.1, 0.5) * mixtures[i])


def separation_run(make_run, runs, name="dominant", **options):
    """The folder of a run about sources, scored from its files as `seldbench run` does.

    asked: dominant or all. wrong: share of wrong answers. oracles, signals: whether it has any.
    """
    usual = {"asked": "dominant", "classes": TWELVE, "mixtures": 24, "wrong": 0.4, "draw": 0}
    usual |= {"oracles": True, "signals": True, "variant": "cascade", "dataset": "mix75-sim"}
    usual |= {"arch": "overlap_e2e", "psds1": 0}
    options = usual | options
    own = {"asked", "classes", "mixtures", "wrong", "oracles", "signals", "draw"}
    run = make_run(runs, name, **{k: v for k, v in options.items() if k not in own})
    for old in ("reference/ground_truth.tsv", "predictions/events.tsv", "predictions/scores.npz"):
        (run / old).unlink()
    classes = options["classes"]
    sources = made_up(np.random.default_rng(0), options["mixtures"], classes)
    rng = np.random.default_rng(1 + options["draw"])
    every = options["asked"] == "all"
    asked = sources if every else replace(rows(sources, sources.target), source=None)
    answers = partial(found_by if every else answered, rng, asked, classes)(options["wrong"])
    if not every:
        off = np.where(rng.random(len(answers)) < 0.2, 45.0, 0.0)
        answers = replace(answers, azimuth=(answers.azimuth + off + 180) % 360 - 180)
    write_sources(run / "reference" / "sources.tsv", sources)
    (run / "reference" / "classes.txt").write_text("".join(f"{c}\n" for c in (*classes, "never")))
    durations = "".join(f"{name}\t0.25\n" for name in sources.mixtures)
    (run / "reference" / "durations.tsv").write_text(f"filename\tduration\n{durations}")
    write_answers(run / "predictions" / "answers.tsv", answers)
    if options["oracles"]:
        for part, share in (("direction", 0.75), ("separation", 0.4)):
            truths = answered(rng, asked, classes, share * options["wrong"], azimuth=None)
            write_answers(run / "predictions" / f"oracle_{part}.tsv", truths)
    if options["signals"]:
        write_signals(run, rng, sources, answers)
    scores = scored_separation(Run(run), Resampling(20)).as_json()
    content = json.loads((run / "scores.json").read_text())
    for old in ("classes", "scores", "intervals"):
        content.pop(old)
    content |= {"task": "separation", "scorers": ["sources"], "post": None, **scores}
    if every:
        content["post"] = {"origin": "valid", "direction": 0.35}
    (run / "scores.json").write_text(json.dumps(content))
    (run / "recipe.json").write_text(json.dumps({"scorers": ["sources"]}))
    return run


@pytest.fixture
def write_separation_run(run_maker, tmp_path):
    """write_separation_run(name, **what differs) -> the run's folder below runs/."""
    return partial(separation_run, run_maker, tmp_path / "runs")


@pytest.fixture(scope="session")
def rendered_mixtures(run_maker, tmp_path_factory):
    """Pages of runs about sources: both protocols, 12 and 75 classes. Only to be read."""
    folder = tmp_path_factory.mktemp("rendered_mixtures")
    write, out = partial(separation_run, run_maker, folder / "runs"), folder / "reports"
    publish(write("dominant"), out)
    publish(write("all", asked="all", variant="cascade@all"), out)
    bare = {"signals": False, "oracles": False}
    publish(write("many", classes=MANY, mixtures=150, variant="long", **bare), out, shown=1)
    render(out)
    return out


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
    assert "The column (nothing) holds sources that were not found" in text
    assert "(nothing)" in (rendered_mixtures / "figures" / "all" / "confusion.svg").read_text()
    assert "A source is where the score of a direction is above 0.350" in text
    assert "False directions" not in page(rendered_mixtures, "dominant")


def test_seventy_five_classes_have_a_matrix_and_those_at_both_ends_bars(rendered_mixtures):
    matrix = (rendered_mixtures / "figures" / "many" / "confusion.svg").read_text()
    assert all(f">{name}<" in matrix for name in ("family00 0", "family07 3", "family14 4"))
    classes = (rendered_mixtures / "figures" / "many" / "classes.svg").read_text()
    assert "lowest 20" in classes
    assert "highest 20" in classes


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


# Shown mixtures


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


# Comparisons


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
    assert first.count("<audio") == 4  # mixture, true source, separated by each
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
