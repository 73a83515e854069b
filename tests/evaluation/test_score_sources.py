"""Scores of answers about the sources of mixtures, and of separated signals."""

import json
import tracemalloc

import numpy as np
import pytest
import soundfile

from seldbench.annotations.sources import SourceTable
from seldbench.errors import BadFile
from seldbench.evaluation.measure import Resampling
from seldbench.evaluation.sources.scoring import score_sources, score_sources_files, source_measures
from seldbench.evaluation.sources.signals import Signals
from seldbench.metrics.uncertainty import Drawn, LeftOut

RATE = 8000
REFERENCE = [
    "filename source label azimuth target",
    "m1 0 dog 0 1",
    "m1 1 cat 45 0",
    "m2 0 dog 0 0",
    "m2 1 cat 180 1",
    "m2 2 dog 90 0",
    "m3 0 bird 10 1",
]


@pytest.fixture
def files(tmp_path):
    """Paths of a reference and answers from lines with spaces for tabs."""

    def write(reference, answers):
        for name, lines in (("reference", reference), ("answers", answers)):
            text = "\n".join(line.replace(" ", "\t") for line in lines) + "\n"
            (tmp_path / f"{name}.tsv").write_text(text)
        return tmp_path / "reference.tsv", tmp_path / "answers.tsv"

    return write


def given(found):
    return {name for name, value in found.scores.items() if value is not None}


def counts(conditions):
    return {name: (of["correct"], of["total"]) for name, of in conditions.items()}


# Answers


def test_one_answer_for_the_target_of_a_mixture(files):
    answers = ["filename label azimuth", "m3 cat 10", "m1 dog 45", "m2 cat -170"]
    found = score_sources_files(*files(REFERENCE, answers))
    assert found.scores["accuracy"] == pytest.approx(2 / 3)
    assert (found.details["correct"], found.details["total"]) == (2, 3)
    assert found.details["protocol"] == "dominant"
    # Targets: a dog, a cat and a bird, which was called a cat.
    assert found.details["confusion"] == {
        "classes": ["bird", "cat", "dog"],
        "counts": [[0, 1, 0], [0, 1, 0], [0, 0, 1]],
    }
    assert found.classes["cat"] == {
        **dict.fromkeys(("si_sdr", "si_sdri", "snr")),
        "recall": 1.0,
        "precision": 0.5,
        "f1": pytest.approx(2 / 3),
    }
    assert found.scores["recall_macro"] == pytest.approx(2 / 3)
    assert found.scores["f1_macro"] == pytest.approx((0 + 2 / 3 + 1) / 3)
    assert counts(found.details["accuracy_by_sources"]) == {"1": (0, 1), "2": (1, 1), "3": (1, 1)}
    # The dog is 45 degrees from its cat, the cat of m2 90 from the nearer dog; the bird is alone.
    assert counts(found.details["accuracy_by_angle"]) == {"45": (1, 1), "90": (1, 1)}
    # Directions miss by 0, 45 and 10 degrees.
    assert found.scores["direction_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["direction_error"] == pytest.approx(55 / 3)
    json.dumps(found.as_json(), allow_nan=False)


def test_one_answer_for_every_source(files):
    answers = ["filename source label", "m1 0 dog", "m1 1 dog", "m2 0 dog", "m2 1 cat", "m2 2 cat"]
    found = score_sources_files(*files(REFERENCE, [*answers, "m3 0 bird"]))
    assert found.details["protocol"] == "query"
    assert found.scores["accuracy"] == pytest.approx(4 / 6)
    assert found.classes["dog"]["recall"] == pytest.approx(2 / 3)
    assert found.classes["cat"]["recall"] == 0.5
    assert counts(found.details["accuracy_by_sources"]) == {"1": (1, 1), "2": (1, 2), "3": (2, 3)}
    assert counts(found.details["accuracy_by_angle"]) == {"45": (1, 2), "90": (2, 3)}
    assert found.scores["direction_accuracy"] is None
    assert "column 'target' not used: there is an answer for every source" in found.notes


def test_classes_that_only_answers_have_are_wrong(files):
    reference = ["filename source label", "a 0 dog", "b 0 dog"]
    found = score_sources_files(*files(reference, ["filename label", "a dog", "b wolf"]))
    assert found.scores["accuracy"] == 0.5
    assert found.details["confusion"]["counts"] == [[1, 1], [0, 0]]
    assert found.unscored_classes == ("wolf",)
    assert "only in the answers, so wrong wherever given: wolf" in found.notes
    assert "accuracy_by_angle" not in found.details


def test_the_true_class_among_the_five_highest_scores(files):
    columns = " ".join(f"score:{c}" for c in "abcdef")
    reference = ["filename source label", "x 0 e", "y 0 f", "z 0 g"]
    answers = [
        f"filename label {columns}",
        "x a 5 4 3 2 1 0",
        "y a 5 4 3 2 1 0",
        "z a 0 4 3 2 1 0",
    ]
    found = score_sources_files(*files(reference, answers))
    assert found.scores["accuracy_top5"] == pytest.approx(1 / 3)
    assert "1 answers are not the class with the highest score: labels count" in found.notes


def test_answers_about_other_mixtures_are_left_out(files):
    reference = ["filename source label", "a 0 dog"]
    found = score_sources_files(*files(reference, ["filename label", "z cat", "a dog"]))
    assert found.scores["accuracy"] == 1.0
    assert "answers about 1 other mixtures left out: z" in found.notes


def test_an_error_about_answers_names_their_file(files):
    reference, answers = files(["filename label source", "a dog 0"], ["filename label", "b cat"])
    with pytest.raises(BadFile, match=f"^{answers}: no answer to 1 of 1 questions"):
        score_sources_files(reference, answers)


UNFIT = {
    "no answer": (
        ["filename label", "m1 dog", "m_3 dog"],
        "no answer to 2 of 3 questions: 'm2', 'm3'",
    ),
    "half an answer": (
        ["filename source label", "m1 0 dog", "m2 0 dog", "m2 1 dog", "m2 2 dog", "m3 0 dog"],
        "no answer to 1 of 6 questions: source 1 of 'm1'",
    ),
    "no such source": (
        [
            "filename source label",
            *(f"m{name} dog" for name in ["1 0", "1 1", "1 2", "2 0", "2 1", "2 2", "3 0"]),
        ],
        "an answer for source 2 of 'm1', which the reference does not have",
    ),
    "elevations": (
        ["filename label azimuth elevation", "m1 dog 0 0", "m2 dog 0 0", "m3 dog 0 0"],
        "elevations on one side only; add the column to the reference",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_answers_that_do_not_fit_the_reference_are_refused(files, case):
    answers, message = UNFIT[case]
    with pytest.raises(BadFile) as error:
        score_sources_files(*files(REFERENCE, answers))
    assert message in str(error.value)


def test_one_answer_a_mixture_needs_to_know_the_target(files):
    reference = ["filename source label", "a 0 dog", "a 1 cat"]
    with pytest.raises(BadFile, match=r"'a' has several sources .* add its column 'target'"):
        score_sources_files(*files(reference, ["filename label", "a dog"]))


# Replicates


def random_set(rng, mixtures=15):
    """Mixtures of one to three sources of three classes, and answers about each."""
    number = rng.integers(1, 4, mixtures)
    mixture = np.repeat(np.arange(mixtures), number)
    source = np.concatenate([np.arange(n) for n in number])
    names = tuple(f"m{i}" for i in range(mixtures))
    labels = [np.array(rng.choice(list("abc"), len(mixture)), dtype=object) for _ in range(2)]
    places = [45.0 * rng.integers(0, 8, len(mixture)) for _ in range(2)]
    reference = SourceTable(names, mixture, labels[0], source, places[0])
    return reference, SourceTable(names, mixture, labels[1], source, places[1])


def repeated(table, times):
    """Mixture i as often as times[i] says."""
    parts = [np.flatnonzero(table.mixture == i) for i in range(len(times)) for _ in range(times[i])]
    copies = [(i, k) for i in range(len(times)) for k in range(times[i])]
    rows = np.concatenate(parts)
    mixture = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    names = tuple(f"m{i}-{k}" for i, k in copies)
    return SourceTable(names, mixture, table.label[rows], table.source[rows], table.azimuth[rows])


def test_a_replicate_is_the_score_of_the_drawn_mixtures():
    rng = np.random.default_rng(2)
    reference, answers = random_set(rng)
    (measure,) = source_measures(reference, answers)
    for row in rng.integers(0, 3, (6, 15)):
        alone = score_sources(repeated(reference, row), repeated(answers, row), resampling=None)
        values = measure.values(Drawn(row[None].astype(float)))
        for name, value in values.scores.items():
            assert value[0] == pytest.approx(alone.scores[name], abs=1e-12), name
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


def test_scores_and_conditions_have_intervals():
    found = score_sources(
        *random_set(np.random.default_rng(6), mixtures=200), resampling=Resampling(200)
    )
    assert set(found.intervals) == given(found)
    conditions = {
        **found.details["accuracy_by_sources"],
        **{f"{angle} degrees": of for angle, of in found.details["accuracy_by_angle"].items()},
    }
    assert {"1", "2", "3", "90 degrees"} <= set(conditions)
    for of in conditions.values():
        assert set(of["intervals"]) == {"jackknife", "bootstrap"}
        low, high = of["intervals"]["bootstrap"]
        assert low <= of["accuracy"] <= high
        assert of["accuracy"] == of["correct"] / of["total"]


# Separated signals


def tone(*samples):
    return np.tile(np.array(samples, float), 50)


@pytest.fixture
def folders(tmp_path):
    """Writes {"estimates/m1/0": samples, ...} and gives the folders."""

    def write(**signals):
        for name, samples in signals.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".wav")
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, samples, RATE, subtype="FLOAT")
        return {name: tmp_path / name for name in ("estimates", "references", "mixtures")}

    return write


ONE = tone(0.5, 0.0, -0.5, 0.0)
OTHER = tone(0.0, 0.5, 0.0, -0.5)
TWO_SOURCES = ["filename source label", "m1.wav 0 dog", "m1.wav 1 cat"]


def test_separated_signals_are_held_against_the_true_ones(files, folders):
    of = folders(
        references__m1__0=ONE,
        references__m1__1=OTHER,
        mixtures__m1=np.stack([ONE + 0.5 * OTHER, np.zeros(200)], axis=1),
        estimates__m1__0=0.3 * (ONE + 0.1 * OTHER),
        estimates__m1__1=0.5 * OTHER + 0.05 * ONE,
    )
    found = score_sources_files(*files(TWO_SOURCES, TWO_SOURCES), **of)
    # Of the estimates 1 in 100 of the energy is the other source, of the mixture (microphone 0)
    # a quarter, and the other way round four times as much.
    assert found.classes["dog"]["si_sdr"] == pytest.approx(20, abs=1e-4)
    assert found.classes["cat"]["si_sdr"] == pytest.approx(20, abs=1e-4)
    apart = 10 * np.log10(4)
    assert found.classes["dog"]["si_sdri"] == pytest.approx(20 - apart, abs=1e-4)
    assert found.classes["cat"]["si_sdri"] == pytest.approx(20 + apart, abs=1e-4)
    assert found.scores["si_sdri"] == pytest.approx(20, abs=1e-4)
    # The dog comes at 0.3 of its level, with 0.03 of the cat's.
    expected = -10 * np.log10(0.7**2 + 0.03**2)
    assert found.classes["dog"]["snr"] == pytest.approx(expected, abs=1e-4)
    assert found.intervals["si_sdr"] == {"bootstrap": pytest.approx((20, 20), abs=1e-4)}


def test_of_one_answer_a_mixture_there_is_one_estimate(files, folders):
    of = folders(references__m1__1=OTHER, estimates__m1=OTHER + 0.5 * ONE)
    reference = ["filename source label target", "m1 0 dog 0", "m1 1 cat 1"]
    found = score_sources_files(
        *files(reference, ["filename label", "m1 cat"]),
        estimates=of["estimates"],
        references=of["references"],
    )
    assert found.scores["si_sdr"] == pytest.approx(10 * np.log10(4), abs=1e-4)
    assert found.scores["si_sdri"] is None


def test_silent_references_are_left_out_and_named(files, folders):
    of = folders(
        references__m1__0=ONE,
        references__m1__1=0 * ONE,
        mixtures__m1=ONE,
        estimates__m1__0=ONE + 0.1 * OTHER,
        estimates__m1__1=OTHER,
    )
    found = score_sources_files(*files(TWO_SOURCES, TWO_SOURCES), **of)
    assert found.scores["si_sdr"] == pytest.approx(20, abs=1e-4)
    assert found.classes["cat"]["si_sdr"] is None
    assert "1 references are silent, so without SI-SDR and SNR: m1/1" in found.notes
    # The mixture is the dog itself, which no estimate improves.
    assert found.scores["si_sdri"] == pytest.approx(-80, abs=1e-4)
    assert "1 values beyond 100 dB taken as that, or minus that" in found.notes


def test_a_mean_of_signals_goes_over_the_drawn_sources(folders):
    rng = np.random.default_rng(8)
    reference, answers = random_set(rng, mixtures=4)
    signals = {}
    for mixture, source in zip(reference.mixture, reference.source):
        signals[f"references__m{mixture}__{source}"] = rng.normal(0, 0.1, 100)
        signals[f"estimates__m{mixture}__{source}"] = rng.normal(0, 0.1, 100)
    of = folders(**signals)
    pair = Signals(of["estimates"], of["references"])
    found = source_measures(reference, answers, signals=pair)[1]
    whole = score_sources(reference, answers, signals=pair, resampling=None).scores["si_sdr"]
    sizes = np.bincount(reference.mixture)
    each = found.values(Drawn(np.eye(4))).scores["si_sdr"]
    assert whole == pytest.approx((each * sizes).sum() / sizes.sum())
    times = np.array([2.0, 0.0, 1.0, 3.0])
    expected = (each * sizes * times).sum() / (sizes * times).sum()
    assert found.values(Drawn(times[None])).scores["si_sdr"][0] == pytest.approx(expected)


def test_one_mixture_is_in_memory_at_a_time(files, folders):
    def peak(mixtures):
        noise = np.random.default_rng(0).normal(0, 0.1, 200_000)
        names = [f"m{mixtures}x{i}" for i in range(mixtures)]
        kinds = ("references", "estimates")
        of = folders(**{f"{kind}__{name}__0": noise for kind in kinds for name in names})
        lines = ["filename source label", *(f"{name} 0 dog" for name in names)]
        tables = files(lines, lines)
        tracemalloc.start()
        score_sources_files(
            *tables, estimates=of["estimates"], references=of["references"], resampling=None
        )
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(1)  # what is loaded once
    assert peak(8) < 1.5 * peak(2)


UNLIKE = {
    "absent": ({"references__m1__1": None}, "m1/1.wav: not found"),
    "shorter": ({"estimates__m1__1": ONE[:100]}, "m1/1.wav: 100 samples, but"),
    "stereo": ({"estimates__m1__0": np.stack([ONE, ONE], axis=1)}, "m1/0.wav: has 2 channels"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_signals_that_do_not_fit_are_refused(files, folders, case):
    given = {f"{kind}__m1__{i}": ONE for kind in ("references", "estimates") for i in (0, 1)}
    change, message = UNLIKE[case]
    signals = {**given, **change}
    of = folders(**{name: samples for name, samples in signals.items() if samples is not None})
    with pytest.raises(BadFile) as error:
        score_sources_files(
            *files(TWO_SOURCES, TWO_SOURCES),
            estimates=of["estimates"],
            references=of["references"],
        )
    assert message in str(error.value)


def test_signals_come_with_the_true_ones(files, tmp_path):
    tables = files(TWO_SOURCES, TWO_SOURCES)
    with pytest.raises(BadFile, match=r"of true signals is not given; .*--stems"):
        score_sources_files(*tables, estimates=tmp_path)
    with pytest.raises(BadFile, match=r"of separated signals is not given; .*--estimates"):
        score_sources_files(*tables, references=tmp_path, mixtures=tmp_path)
    with pytest.raises(BadFile, match="not a folder of signals"):
        score_sources_files(*tables, estimates=tmp_path, references=tmp_path / "none")
