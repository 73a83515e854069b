"""Runs about the sources of mixtures, made up and scored from their files."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile

from seldbench.annotations.sources import SourceTable, write_answers, write_sources
from seldbench.evaluation import Resampling
from seldbench.experiment.scoring import scored_separation
from seldbench.report.pages.rendering import render
from seldbench.report.publish import publish
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
