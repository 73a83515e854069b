"""Batches: groups in order and in fixed numbers, the shortest group ends an epoch."""

import pytest
import torch

from seldbench import registry
from seldbench.errors import BadRecipe, MissingData
from seldbench.recipe import Head
from seldbench.training.data import Batches, Labels, make_group
from seldbench.windows import Windowing

HEADS = {"frames": Head(format="strong", loss="bce", on=["train/synthetic"])}


def windowing():
    return Windowing(registry.find("features", "logmel_desed")(), 2.0, 0.064)


def make_batches(toy, sizes, steps=None):
    form = registry.find("formats", "strong")(toy.classes)
    groups = [
        make_group(name, size, toy.clips(name), heads=HEADS, windowing=windowing())
        for name, size in sizes.items()
    ]
    return Batches(groups, {"frames": Labels(form, 31, 0.064)}, windowing(), seed=1, steps=steps)


def test_a_batch_holds_its_groups_in_order_and_the_shortest_group_ends_the_epoch(toy):
    batches = make_batches(toy, {"train/synthetic": 4, "train/unlabelled": 2})
    made = list(batches.epoch(1))
    assert len(made) == batches.steps == 4
    assert made[0].groups == (("train/synthetic", slice(0, 4)), ("train/unlabelled", slice(4, 6)))
    assert made[0].targets["frames"].shape == (6, 31, 2)
    assert made[0].targets["frames"][4:].sum() == 0


def test_an_epoch_shows_no_clip_twice_and_another_epoch_another_order(toy):
    batches = make_batches(toy, {"train/synthetic": 8})
    first = torch.cat([b.waves for b in batches.epoch(1)])
    assert len(torch.unique(first[:, 0, ::97], dim=0)) == 24
    assert torch.equal(first, torch.cat([b.waves for b in batches.epoch(1)]))
    assert not torch.equal(first, torch.cat([b.waves for b in batches.epoch(2)]))


def test_a_group_smaller_than_its_part_of_a_batch_is_an_error(toy):
    with pytest.raises(MissingData, match="train/unlabelled: 8 examples, but a batch takes 9"):
        make_batches(toy, {"train/unlabelled": 9})


def test_a_head_that_sees_half_a_group_is_an_error(toy):
    clips = toy.clips("train/synthetic")
    with pytest.raises(BadRecipe, match="only a part of the group"):
        make_group("train/synthetic+train/unlabelled", 2, clips, heads=HEADS, windowing=windowing())


def test_parts_of_a_batch_are_made_up_alike_and_lose_nothing(toy):
    batch = next(make_batches(toy, {"train/synthetic": 4, "train/unlabelled": 2}).epoch(1))
    halves = batch.split(2)
    assert [h.groups[1][1] for h in halves] == [slice(2, 3), slice(2, 3)]
    joined = torch.cat([h.waves[:2] for h in halves] + [h.waves[2:] for h in halves])
    assert torch.equal(joined, batch.waves)
    with pytest.raises(ValueError, match="the 2 clips of 'train/unlabelled' cannot be cut into 4"):
        batch.split(4)


def test_long_clips_are_cut_into_windows_side_by_side(tone_clip):
    group = make_group(
        "train/synthetic", 1, [tone_clip("a", 1, 6.1)], heads=HEADS, windowing=windowing()
    )
    onsets = [e.onset for e in group.examples]
    assert onsets[0] == 0
    assert onsets[-1] + 2.0 >= 6.1
    assert len(onsets) == 4
