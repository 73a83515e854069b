"""Scores of answers drawn at random: replicates, intervals, and what must hold for any set."""

from dataclasses import replace

import numpy as np
import pytest

from seldbench.annotations.sources import SourceTable
from seldbench.evaluation.measure import Resampling
from seldbench.evaluation.sources.scoring import score_sources, source_measures
from seldbench.metrics.uncertainty import Drawn, LeftOut


def random_set(rng, mixtures=15):
    """Mixtures of one to three sources of three classes on a circle of eight, and answers in up to
    four directions."""
    sides = []
    for numbers in (rng.integers(1, 4, mixtures), rng.integers(0, 5, mixtures)):
        mixture = np.repeat(np.arange(mixtures), numbers)
        places = [45.0 * rng.permutation(8)[:n] for n in numbers]
        azimuth = np.concatenate(places) + rng.uniform(-30, 30, len(mixture))
        label = np.array(rng.choice(list("abc"), len(mixture)), dtype=object)
        number = np.concatenate([rng.permutation(n) for n in numbers])
        names = tuple(f"m{i}" for i in range(mixtures))
        sides.append(SourceTable(names, mixture, label, number, azimuth))
    return sides[0], replace(sides[1], source=None, answer=sides[1].source)


def repeated(given, times):
    """Mixture i as often as times[i] says."""
    copies = [(i, k) for i in range(len(times)) for k in range(times[i])]
    parts = [np.flatnonzero(given.mixture == i) for i, _ in copies]
    rows = np.concatenate(parts)

    def taken(values):
        return None if values is None else values[rows]

    return replace(
        given,
        mixtures=tuple(f"m{i}-{k}" for i, k in copies),
        mixture=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        label=given.label[rows],
        source=taken(given.source),
        answer=taken(given.answer),
        azimuth=given.azimuth[rows],
    )


def random_oracles(rng, reference):
    drawn = [np.array(rng.choice(list("abc"), len(reference)), object) for _ in range(2)]
    tables = [replace(reference, label=label) for label in drawn]
    return dict(zip(("direction", "separation"), tables))


def test_a_replicate_is_the_score_of_the_drawn_mixtures():
    rng = np.random.default_rng(3)
    reference, answers = random_set(rng)
    oracles = random_oracles(rng, reference)
    (measure,) = source_measures(reference, answers, oracles=oracles)
    for row in rng.integers(0, 3, (6, 15)):
        alone = score_sources(
            repeated(reference, row),
            repeated(answers, row),
            oracles={name: repeated(of, row) for name, of in oracles.items()},
            resampling=None,
        )
        values = measure.values(Drawn(row[None].astype(float)))
        assert {"direction_f1", "accuracy_oracle_separation"} <= set(values.scores)
        for name, value in values.scores.items():
            expected = alone.scores[name]
            expected = np.nan if expected is None else expected
            assert value[0] == pytest.approx(expected, abs=1e-12, nan_ok=True), name
        for name, of in values.classes.items():
            for label, value in zip(measure.labels, of[0]):
                expected = alone.classes.get(label, {}).get(name)
                expected = np.nan if expected is None else expected
                assert value == pytest.approx(expected, abs=1e-12, nan_ok=True), (label, name)


def test_leaving_out_a_mixture_is_not_drawing_it():
    (measure,) = source_measures(*random_set(np.random.default_rng(4)))
    left, drawn = measure.of(LeftOut(15)), measure.of(Drawn(1.0 - np.eye(15)))
    for name, values in left.scores.items():
        assert values == pytest.approx(drawn.scores[name], abs=1e-12, nan_ok=True), name


def test_every_score_has_an_interval():
    rng = np.random.default_rng(5)
    reference, answers = random_set(rng, mixtures=120)
    found = score_sources(
        reference, answers, oracles=random_oracles(rng, reference), resampling=Resampling(100)
    )
    assert set(found.intervals) == {n for n, value in found.scores.items() if value is not None}
    for name, of in found.intervals.items():
        assert of["bootstrap"][0] <= found.scores[name] <= of["bootstrap"][1], name


def test_true_directions_given_make_of_it_the_questions_about_every_source():
    """With each direction right and nothing missed, `all` is `query`."""
    rng = np.random.default_rng(6)
    reference, _ = random_set(rng)
    reference = replace(reference, azimuth=np.round(reference.azimuth / 45) * 45)
    # Two sources that came to share a direction could change places.
    places = list(zip(reference.mixture, reference.azimuth % 360))
    kept = np.array([places.index(place) == i for i, place in enumerate(places)])
    reference = SourceTable(
        reference.mixtures, *(of[kept] for of in (reference.mixture, reference.label)),
        reference.source[kept], reference.azimuth[kept],
    )  # fmt: skip
    query = random_oracles(rng, reference)["direction"]
    every = replace(query, source=None, answer=query.source)
    one, other = (score_sources(reference, a, resampling=None) for a in (query, every))
    for name in ("accuracy", "recall_macro", "f1_macro", "direction_error"):
        assert one.scores[name] == pytest.approx(other.scores[name]), name
    assert other.scores["direction_f1"] == 1.0
    none = [0] * len(other.details["confusion"]["classes"])
    assert one.details["confusion"] | {"misses": none, "false": none} == other.details["confusion"]


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_the_kinds_add_up_and_right_is_the_accuracy(seed):
    rng = np.random.default_rng(seed)
    reference, answers = random_set(rng, 40)
    found = score_sources(
        reference, answers, oracles=random_oracles(rng, reference), resampling=None
    )
    of = found.details["attribution"]
    assert sum(part["share"] for part in of["kinds"].values()) == pytest.approx(1)
    assert sum(part["number"] for part in of["kinds"].values()) == of["total"]
    assert of["kinds"]["right"]["share"] == pytest.approx(found.scores["accuracy"])
