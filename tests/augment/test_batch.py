"""A batch, its groups by position, and its parts."""

import pytest
import torch

from seldbench.augment import Batch


def make_batch():
    return Batch(
        waves=torch.arange(6.0).reshape(6, 1, 1),
        targets={"clip": torch.arange(6.0)[:, None]},
        groups=(("train/real+train/synthetic", slice(0, 2)), ("train/weak", slice(2, 6))),
        spectrum=torch.arange(6.0).reshape(6, 1, 1, 1),
    )


def test_positions_are_those_of_the_groups_of_the_splits():
    batch = make_batch()
    assert batch.positions(["train/weak"]).tolist() == [2, 3, 4, 5]
    assert batch.positions(["train/synthetic", "train/real"]).tolist() == [0, 1]
    assert batch.positions([]).tolist() == []


def test_a_split_that_is_not_in_the_batch_is_an_error_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"no split 'train/weka'.*near: train/weak"):
        make_batch().positions(["train/weka"])


def test_half_a_group_is_an_error():
    with pytest.raises(ValueError, match="only a part of the group"):
        make_batch().positions(["train/real"])


def test_parts_have_the_same_share_of_every_group():
    parts = make_batch().split(2)
    assert [part.waves.flatten().tolist() for part in parts] == [[0, 2, 3], [1, 4, 5]]
    assert [part.spectrum.flatten().tolist() for part in parts] == [[0, 2, 3], [1, 4, 5]]
    assert [part.targets["clip"].flatten().tolist() for part in parts] == [[0, 2, 3], [1, 4, 5]]
    expected = (("train/real+train/synthetic", slice(0, 1)), ("train/weak", slice(1, 3)))
    assert all(part.groups == expected for part in parts)
    whole = make_batch()
    assert whole.split(1)[0] is whole


def test_a_group_that_cannot_be_cut_evenly_is_an_error():
    with pytest.raises(ValueError, match="cannot be cut into 4 equal parts"):
        make_batch().split(4)
