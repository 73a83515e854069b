"""One-to-one matching: as many pairs as possible, and which ones where there is a choice."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from seldbench.metrics.events.matching import first_come, in_order, maximum, near


def taken(choose, *links):
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2).T
    return [tuple(link) for link in pairs[:, choose(pairs)].T.tolist()]


def test_pairs_that_share_nothing_are_all_taken():
    assert taken(maximum, (0, 1), (1, 0), (2, 2)) == [(0, 1), (1, 0), (2, 2)]


def test_first_come_loses_a_pair_that_the_maximum_finds():
    links = (0, 0), (0, 1), (1, 0)
    assert taken(first_come, *links) == [(0, 0)]
    assert taken(maximum, *links) == [(0, 1), (1, 0)]


def test_of_two_detections_of_an_event_the_first_is_taken():
    assert taken(maximum, (0, 3), (0, 5)) == [(0, 3)]


def test_of_two_events_of_a_detection_the_first_is_taken():
    assert taken(maximum, (2, 0), (4, 0)) == [(2, 0)]


def test_paths_are_found_through_several_pairs():
    # Every greedy choice is wrong: 0-0, 1-1, 2-2 block event 3.
    links = (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 0)
    assert len(taken(maximum, *links)) == 4


def test_a_long_chain_needs_no_recursion():
    chain = [(i, i + step) for i in range(5000) for step in (0, 1)]
    assert len(taken(maximum, *chain, (5000, 0))) == 5001


@pytest.mark.parametrize("seed", range(30))
def test_the_matching_is_one_to_one_and_of_maximum_size(seed):
    rng = np.random.default_rng(seed)
    linked = rng.random((12, 10)) < rng.choice([0.1, 0.2, 0.4])
    pairs = np.stack(np.nonzero(linked))
    event, detection = pairs[:, maximum(pairs)]
    assert len(set(event)) == len(set(detection)) == len(event)
    best = maximum_bipartite_matching(sparse.csr_matrix(linked), perm_type="column")
    assert len(event) == (best >= 0).sum()


def test_groups_that_share_nothing_are_matched_as_if_alone():
    rng = np.random.default_rng(0)
    tables = [rng.random((6, 6)) < 0.35 for _ in range(8)]
    alone, whole = [], []
    for k, linked in enumerate(tables):
        pairs = np.stack(np.nonzero(linked))
        alone.append(pairs[:, maximum(pairs)] + 6 * k)
        whole.append(pairs + 6 * k)
    joined = np.concatenate(whole, axis=1)
    assert joined[:, maximum(joined)].tolist() == np.concatenate(alone, axis=1).tolist()


@pytest.mark.parametrize("reach", [0.15, 0.55, np.inf])
def test_near_finds_every_pair_of_a_group_within_reach(reach):
    rng = np.random.default_rng(1)
    group, others = rng.integers(0, 4, 60), rng.integers(0, 5, 70)
    time, times = rng.integers(0, 40, 60) / 10, rng.integers(0, 40, 70) / 10
    row, other = found = in_order(near(group, time, reach, others, times))
    assert (group[row] == others[other]).all()
    assert found.tolist() == np.unique(found, axis=1).tolist()
    wanted = (group[:, None] == others) & (np.abs(time[:, None] - times) <= reach)
    got = np.zeros_like(wanted)
    got[row, other] = True
    assert not (wanted & ~got).any()
    assert (got & ~wanted).sum() < 0.2 * wanted.sum()


def test_nothing_is_near_nothing():
    none, some = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
    assert near(none, none, 1.0, some, some).shape == (2, 0)
    assert taken(maximum) == taken(first_come) == []
