"""Scenes small enough to check by hand: each definition, and what the mended one changes.

Notation: "frames class azimuth elevation distance", the last two optional; 10 frames a second.
"""

from dataclasses import replace

import numpy as np
import pytest

from seldbench.errors import BadFile, UnknownName
from seldbench.events import DirectionTable
from seldbench.geometry import unit_vectors
from seldbench.metrics.seld import SCORERS, seld_counts, seld_scores
from seldbench.metrics.uncertainty import Drawn, Whole, drawn, jackknife

YEARS = [name for name in SCORERS if not name.endswith("_fixed")]
FIXED = [name for name in SCORERS if name.endswith("_fixed")]
LATE = [name for name in YEARS if name >= "dcase2022"]


def perfect(name):
    scorer = SCORERS[name]
    return {n: 1.0 if n in ("f20", "lr_cd", "f1", "frame_recall") else 0.0 for n in scorer.scores}


@pytest.mark.parametrize("name", SCORERS)
def test_the_truth_itself_scores_best(table, score, name):
    truth = table(a=["0-25 0 30 10 2", "5-30 1 -60 0 3"], b=["3-18 0 170"])
    scores, _ = score(name, truth, truth, average="micro")
    # Cartesian: 8e-4 degrees between a direction and itself.
    assert scores == pytest.approx(perfect(name), abs=1e-3)
    assert list(scores) == list(SCORERS[name].scores)


@pytest.mark.parametrize("name", SCORERS)
def test_silence_scores_worst(table, score, name):
    truth, silence = table(a=["0-25 0 30", "30-40 0 30"]), table(a=[])
    scores, _ = score(name, truth, silence, average="micro")
    assert scores[SCORERS[name].scores[0]] == 1.0
    assert scores["f1" if "f1" in scores else "f20"] == 0.0
    if "lr_cd" in scores:
        assert scores["lr_cd"] == 0.0


@pytest.mark.parametrize("name", [n for n in SCORERS if SCORERS[n].rule != "activity"])
def test_the_right_class_21_degrees_away_is_localised_but_not_a_hit(table, score, name):
    truth, guess = table(a=["0-10 3 0", "20-20 3 0"]), table(a=["0-10 3 21", "20-20 3 21"])
    scores, _ = score(name, truth, guess, average="micro")
    assert scores["f20"] == 0.0
    assert scores["er20"] == pytest.approx(1.0)
    assert scores["lr_cd"] == pytest.approx(1.0)
    angle = "doae_cd" if "doae_cd" in scores else "le_cd"
    assert scores[angle] == pytest.approx(21.0, abs=1e-4)


def test_a_distance_off_by_more_than_itself_is_no_hit_in_2024(table, score):
    truth = table(a=["0-9 0 0 0 2", "10-10 0 0"])
    for metres, f20 in ((3.9, 1.0), (4.1, 0.0)):
        guess = table(a=[f"0-9 0 0 0 {metres}"])
        scores, _ = score("dcase2024", truth, guess, average="micro")
        assert scores["f20"] == pytest.approx(f20)
        assert scores["rde_cd"] == pytest.approx((metres - 2) / 2)
        assert scores["diste_cd"] == pytest.approx(metres - 2)
        alone, _ = score("dcase2024", truth, guess, average="micro", with_distance=False)
        assert alone["f20"] == pytest.approx(1.0)
        assert "rde_cd" not in alone


def test_an_instance_is_a_hit_by_its_mean_angle_over_the_second(table, score):
    # Nine frames at 10 degrees and one at 100: 19 on average. 2024 scores each frame.
    truth = table(a=["0-9 0 0", "11-11 0 0"])
    guess = table(a=["0-8 0 10", "9-9 0 100", "11-11 0 0"])
    assert score("dcase2021", truth, guess)[0]["f20"] == pytest.approx(1.0)
    scores, _ = score("dcase2024", truth, guess, average="micro")
    assert scores["f20"] == pytest.approx(0.9)


def test_a_pair_too_far_apart_costs_half_an_error_in_2021_and_a_whole_one_in_2022(table, score):
    truth, guess = table(a=["0-9 0 0", "20-29 1 0"]), table(a=["0-9 0 90", "20-29 1 0"])
    assert score("dcase2021", truth, guess)[0]["f20"] == pytest.approx(1 / 1.5)
    assert score("dcase2022", truth, guess, average="micro")[0]["f20"] == pytest.approx(1 / 2)


def test_macro_averages_take_in_classes_that_never_occur_and_the_error_rate_is_one(table, score):
    truth = table(a=["0-14 0 0", "0-14 1 90"])
    guess = table(a=["0-14 0 0"])
    scores, classes = score("dcase2022", truth, guess)
    # Class 0 is right, class 1 missed, eleven are absent.
    assert scores["f20"] == pytest.approx(1 / 13)
    assert scores["le_cd"] == pytest.approx(180 * 12 / 13)
    assert scores["er20"] == pytest.approx(0.5)
    assert classes["er20"] == pytest.approx(np.full(13, 0.5))
    scores, classes = score("dcase2024", truth, guess)
    assert scores["doae_cd"] == pytest.approx(0.0, abs=1e-3)  # of the one class with pairs
    assert np.isnan(classes["doae_cd"][1:]).all()
    assert classes["seld_score"][1] == 1.0  # 1 - F alone


def test_2019_detects_in_seconds_and_localises_in_frames(table, score):
    truth = table(a=["0-9 0 0", "0-9 1 90"])
    guess = table(a=["0-9 0 90", "10-19 1 90"])
    scores, classes = score("dcase2019", truth, guess)
    # Seconds: 0 right; 1 missed in the first, invented in the second.
    assert scores["er"] == pytest.approx(2 / 2)
    assert scores["f1"] == pytest.approx(1 / 2)
    assert classes["f1"] == pytest.approx([1.0, 0.0])
    # Frames: class 0's direction is that of class 1; 20 directions predicted, 20 unequal frames.
    assert scores["doa_error"] == pytest.approx(0.0, abs=1e-5)
    assert scores["frame_recall"] == pytest.approx(580 / 600)


def test_the_last_row_of_a_class_and_frame_is_its_direction_in_2019(table, score):
    truth, guess = table(a=["0-8 0 0"]), table(a=["0-8 0 50", "0-8 0 10"])
    assert score("dcase2019", truth, guess)[0]["doa_error"] == pytest.approx(10.0)


# The mended definitions.


@pytest.mark.parametrize("name", YEARS)
def test_leaving_out_a_bad_file_helps_officially_and_not_when_mended(table, score, name):
    truth = table(a=["0-18 0 0"], b=["0-18 0 0"])
    good = table(a=["0-18 0 0"])
    official = seld_counts(SCORERS[name], truth, good)
    assert official.files == ("a",)
    assert official.unscored == ("b",)
    mended = seld_counts(SCORERS[f"{name}_fixed"], truth, good)
    assert mended.files == ("a", "b")
    assert mended.unscored == ()
    rate = SCORERS[name].scores[0]
    assert score(name, truth, good, average="micro")[0][rate] == 0.0
    assert score(f"{name}_fixed", truth, good, average="micro")[0][rate] == pytest.approx(0.5)


@pytest.mark.parametrize("name", LATE)
def test_the_frame_of_the_largest_number_is_lost_officially(table, score, name):
    # Frames 0 to 10: the eleventh is not scored (2022 and 2023: it begins a second).
    truth, guess = table(a=["0-10 0 0"]), table(a=["0-9 0 0"])
    assert score(name, truth, guess, average="micro")[0]["er20"] == 0.0
    rate = score(f"{name}_fixed", truth, guess, average="micro")[0]["er20"]
    assert rate == pytest.approx(1 / 11 if name == "dcase2024" else 1 / 2)


@pytest.mark.parametrize("name", YEARS)
def test_false_alarms_after_the_end_are_free_officially(table, score, name):
    end = 600 if SCORERS[name].seconds else 20
    truth, guess = table(a=["0-18 0 0"]), table(a=["0-18 0 0", f"{end}-{end + 18} 0 0"])
    rate = SCORERS[name].scores[0]
    assert score(name, truth, guess, average="micro")[0][rate] == 0.0
    assert score(f"{name}_fixed", truth, guess, average="micro")[0][rate] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["dcase2021", "dcase2022", "dcase2023", "dcase2024_segments"])
def test_a_class_in_the_same_second_but_never_in_the_same_frame(table, score, name):
    truth = table(a=["0-3 0 0", "10-12 1 0"])
    guess = table(a=["5-8 0 0", "5-8 0 90", "10-12 1 0"])
    official = seld_counts(SCORERS[name], truth, guess).of_class
    assert (official["missed"][0, 0], official["extra"][0, 0]) == (2, 0)
    mended = seld_counts(SCORERS[f"{name}_fixed"], truth, guess)
    assert (mended.of_class["missed"][0, 0], mended.of_class["extra"][0, 0]) == (1, 2)
    assert [mended.of_file[n][0] for n in ("substitutions", "insertions")] == [1, 1]


def test_two_pairs_in_a_frame_count_with_their_sum_in_2020_and_mended_with_their_mean(table, score):
    truth = table(a=["0-9 0 0", "0-9 0 90"])
    guess = table(a=["0-9 0 12", "0-9 0 102"])
    official, mended = (score(n, truth, guess)[0] for n in ("dcase2020", "dcase2020_fixed"))
    assert (official["le_cd"], official["f20"]) == pytest.approx((24.0, 0.0))
    assert (mended["le_cd"], mended["f20"]) == pytest.approx((12.0, 1.0))


def test_the_last_frame_of_a_second_is_lost_in_2019(table, score):
    truth = table(a=["9-9 0 0", "20-25 0 0"])
    assert seld_counts(SCORERS["dcase2019"], truth, truth).of_class["reference"].sum() == 1
    assert seld_counts(SCORERS["dcase2019_fixed"], truth, truth).of_class["reference"].sum() == 2


def test_no_direction_at_all_has_no_error_in_2019_and_180_degrees_mended(table, score):
    truth, silence = table(a=["0-8 0 0"]), table(a=[])
    assert score("dcase2019", truth, silence)[0]["doa_error"] == 0.0
    assert score("dcase2019_fixed", truth, silence)[0]["doa_error"] == 180.0


@pytest.mark.parametrize("name", FIXED)
def test_without_any_reference_the_mended_error_rate_is_undefined(table, score, name):
    scores, _ = score(name, table(a=[]), table(a=["0-8 0 0"]))
    assert np.isnan(scores[SCORERS[name].scores[0]])


def test_without_any_reference_errors_are_divided_by_almost_nothing_until_2021(table, score):
    for name in ("dcase2020", "dcase2021"):
        scores, _ = score(name, table(a=[]), table(a=["0-8 0 0"]))
        assert scores["er20"] == pytest.approx(1 / 2.220446049250313e-16)


@pytest.mark.parametrize("name", LATE)
def test_an_empty_reference_is_an_error_that_offers_the_mended_scorer(table, score, name):
    truth = table(a=["0-20 0 0"], silent=[])
    guess = table(a=["0-20 0 0"], silent=["0-20 0 0"])
    with pytest.raises(BadFile, match=f"silent: .*{name}_fixed"):
        score(name, truth, guess)
    assert score(name, truth, guess, frames_per_file=30, average="micro")[0]["er20"] > 0
    rate = score(f"{name}_fixed", truth, guess, average="micro")[0]["er20"]
    assert rate == pytest.approx(1.0)


# Files, options and order.


@pytest.mark.parametrize("name", SCORERS)
def test_predictions_for_an_unknown_file_are_an_error(table, score, name):
    with pytest.raises(BadFile, match="stray: predictions for a file that the reference does not"):
        score(name, table(a=["0-20 0 0"]), table(a=[], stray=["0-20 0 0"]))


@pytest.mark.parametrize("name", SCORERS)
def test_the_order_of_files_and_of_frames_does_not_matter(scene, score, name):
    reference, predictions = scene(np.random.default_rng(5))
    expected = score(name, reference, predictions, classes=13)
    names = tuple(reversed(predictions.files))
    turned = np.argsort(-predictions.file * 1000 + predictions.frame, kind="stable")
    moved = predictions.rows(turned)
    columns = moved.frame, moved.label, moved.track, moved.direction, moved.distance
    moved = DirectionTable(names, len(names) - 1 - moved.file, *columns)
    found = score(name, reference, moved, classes=13)
    for mine, theirs in zip(found, expected):
        for key, value in theirs.items():
            assert mine[key] == pytest.approx(value, abs=1e-6, nan_ok=True), key


@pytest.mark.parametrize("angles", ["polar", "cartesian"])
@pytest.mark.parametrize("name", YEARS)
def test_vectors_of_any_length_score_as_their_angles(scene, score, name, angles):
    reference, predictions = scene(np.random.default_rng(6))
    vectors = unit_vectors(*predictions.direction.T) * predictions.distance[:, None]
    expected, _ = score(name, reference, predictions, angles=angles, classes=13)
    vectors = replace(predictions, direction=vectors)
    found, _ = score(name, reference, vectors, angles=angles, classes=13)
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_zero_vector_is_the_front_in_2024_and_nowhere_in_2022(table, score):
    truth = table(a=["0-15 0 0"])
    guess = replace(truth, direction=np.zeros((16, 3)))
    options = {"angles": "cartesian", "average": "micro"}
    assert score("dcase2024", truth, guess, **options)[0]["doae_cd"] == pytest.approx(0, abs=1e-3)
    assert score("dcase2022", truth, guess, **options)[0]["le_cd"] == pytest.approx(90)


def test_classes_beyond_the_number_are_ignored_and_said(table, score):
    truth, guess = table(a=["0-15 0 0", "0-15 13 90"]), table(a=["0-15 0 0", "0-15 14 90"])
    counts = seld_counts(SCORERS["dcase2022"], truth, guess)
    assert counts.classes == 13
    assert counts.ignored == (16, 16)
    assert score("dcase2022", truth, guess, average="micro")[0]["er20"] == 0.0
    assert seld_counts(SCORERS["dcase2021"], truth, guess).classes == 15


def test_seconds_of_other_lengths_are_other_numbers_of_frames(table, score):
    # 50 frames a second, as the submissions of 2019: one second, its last frame lost.
    truth, guess = table(a=["0-48 0 0"]), table(a=["0-40 0 0"])
    options = {"frames_per_second": 50, "frames_per_file": 3000}
    scores, _ = score("dcase2019", truth, guess, **options)
    assert scores["er"] == 0.0
    assert scores["frame_recall"] == pytest.approx(2992 / 3000)
    lost = seld_counts(SCORERS["dcase2019"], table(a=["49-49 0 0"]), guess, **options)
    assert lost.of_class["reference"].sum() == 0


@pytest.mark.parametrize("frames", [605, 599, 1])
def test_a_file_need_not_end_with_a_second(scene, frames):
    reference, predictions = scene(np.random.default_rng(9), frames=20)
    for name in SCORERS:
        counts = seld_counts(SCORERS[name], reference, predictions, frames_per_file=frames)
        assert all(np.isfinite(v).all() for v in counts.of_class.values())
        if "frames" in counts.of_file:
            assert (counts.of_file["frames"] == frames).all()
            assert (counts.of_file["equal"] <= frames).all()


def test_unknown_angles_and_averages_are_named_with_what_there_is(table, score):
    truth = table(a=["0-20 0 0"])
    with pytest.raises(UnknownName, match=r"'Polar'.*polar, cartesian"):
        score("dcase2021", truth, truth, angles="Polar")
    with pytest.raises(UnknownName, match=r"'weighted'.*macro, micro"):
        score("dcase2021", truth, truth, average="weighted")


def test_2024_without_distances_asks_for_them(table, score):
    truth = table(a=["0-20 0 0"])
    guess = replace(truth, distance=None)
    with pytest.raises(BadFile, match="predictions: no distances, which dcase2024 scores"):
        score("dcase2024", truth, guess)
    assert score("dcase2024", truth, guess, with_distance=False)[0]["f20"] > 0


def test_a_frame_beyond_any_recording_is_an_error(table, score):
    truth = table(a=["0-20 0 0", "99999999-99999999 0 0"])
    with pytest.raises(BadFile, match="a: a row at frame 99999999"):
        score("dcase2022", truth, truth)


# Replicates.


@pytest.mark.parametrize("name", SCORERS)
def test_a_replicate_scores_as_the_files_it_counts(scene, name):
    reference, predictions = scene(np.random.default_rng(11), files=5)
    counts = seld_counts(SCORERS[name], reference, predictions, classes=13)
    times = np.array([[1.0, 0, 2, 0, 1], [0, 0, 0, 3, 0]])
    scores, classes = seld_scores(counts, Drawn(times))
    for i, row in enumerate(times):
        repeated = np.repeat(np.arange(5), row.astype(int))
        again = replace(
            counts,
            of_file={n: v[repeated] for n, v in counts.of_file.items()},
            of_class={n: v[repeated] for n, v in counts.of_class.items()},
        )
        alone, by_class = seld_scores(again, Whole(len(repeated)))
        for n, value in alone.items():
            assert scores[n][i] == pytest.approx(value[0], abs=1e-9, nan_ok=True), n
        for n, value in by_class.items():
            assert classes[n][i] == pytest.approx(value[0], abs=1e-9, nan_ok=True), n


def test_counts_do_not_hang_on_the_portions_they_are_made_in(scene, monkeypatch):
    from seldbench.metrics.seld import pairing, rows

    reference, predictions = scene(np.random.default_rng(12), files=7)
    for name, scorer in SCORERS.items():
        whole = seld_counts(scorer, reference, predictions)
        with monkeypatch.context() as small:
            small.setattr(rows, "PORTION", 50)
            small.setattr(pairing, "CELLS", 1)
            parts = seld_counts(scorer, reference, predictions)
        for tables, others in ((whole.of_file, parts.of_file), (whole.of_class, parts.of_class)):
            for n in tables:
                assert others[n] == pytest.approx(tables[n], abs=1e-9), (name, n)


def test_a_class_that_a_replicate_lacks_has_no_interval_in_2024(table):
    truth = table(a=["0-20 0 0"], b=["0-20 0 0", "0-20 1 0"])
    counts = seld_counts(SCORERS["dcase2024"], truth, truth)
    whole = seld_scores(counts, Whole(2))[1]["doae_cd"][0]
    left_out = seld_scores(counts, Drawn(np.array([[0.0, 1.0], [1.0, 0.0]])))[1]["doae_cd"]
    low, high = jackknife(whole, left_out)
    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1], high[1]]).all()
    assert seld_scores(counts, drawn(2, 20, np.random.default_rng(0)))[0]["f20"].shape == (20,)
