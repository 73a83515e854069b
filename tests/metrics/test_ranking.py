"""Average precision and area under the ROC curve, of replicates."""

import numpy as np
import pytest

from seldbench.metrics import ranking as module
from seldbench.metrics.ranking import average_precision, by_class, ranking, rankings, roc_area
from seldbench.metrics.uncertainty import LeftOut, Whole, drawn


def of_items(scores, labels):
    """Every item a clip, each once."""
    ranked = ranking(np.array(scores), np.array(labels), np.arange(len(scores)), len(scores))
    whole = Whole(len(scores))
    return float(average_precision(ranked, whole)[0]), float(roc_area(ranked, whole)[0])


def test_average_precision_is_the_mean_precision_at_true_items():
    precision, _ = of_items([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0])
    assert precision == pytest.approx((1 + 2 / 3) / 2)


def test_items_of_one_score_come_together():
    precision, area = of_items([0.9, 0.5, 0.5, 0.1], [0, 1, 0, 0])
    assert precision == pytest.approx(1 / 3)
    assert area == pytest.approx((1 + 1 / 2) / 3)  # above one, level with one, below one


def test_the_roc_area_is_the_share_of_pairs_in_order():
    _, area = of_items([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0])
    assert area == pytest.approx(3 / 4)


@pytest.mark.parametrize(("labels", "value"), [([0, 0], np.nan), ([1, 1], 1.0)])
def test_without_true_items_there_is_no_precision_and_without_both_kinds_no_area(labels, value):
    precision, area = of_items([0.3, 0.6], labels)
    assert precision == pytest.approx(value, nan_ok=True)
    assert np.isnan(area)


def test_no_items_have_no_value():
    assert np.isnan(of_items([], [])).all()


def repeated(scores, labels, owner, weights):
    """The items of a replicate, written out."""
    items = np.repeat(np.arange(len(owner)), weights[owner].astype(int))
    return of_items(scores[items], labels[items])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [2, 4096])
def test_a_replicate_scores_as_its_clips_written_out(seed, block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    rng = np.random.default_rng(seed)
    clips, items = 5, 40
    owner, labels = rng.integers(0, clips, items), rng.random(items) < 0.3
    scores = rng.integers(0, 12, items) / 12
    ranked = ranking(scores, labels, owner, clips)
    for sample in (Whole(clips), drawn(clips, 6, rng), LeftOut(clips), LeftOut(clips, 2, 4)):
        found = np.stack([average_precision(ranked, sample), roc_area(ranked, sample)], axis=1)
        written = [repeated(scores, labels, owner, w) for w in sample.weights()]
        assert found == pytest.approx(np.array(written), abs=1e-12, nan_ok=True)


def test_columns_are_ranked_apart():
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    labels = np.array([[True, True], [False, False]])
    of = [average_precision(r, Whole(2)) for r in rankings(scores, labels)]
    assert by_class(of, 1) == pytest.approx(np.array([[1.0, 0.5]]))
