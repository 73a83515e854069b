"""Batches: groups in order and in fixed numbers, the shortest group ends an epoch."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench import registry
from seldbench.audio import Waveform
from seldbench.augment import MixScenes, Mixup, WaveMixup
from seldbench.contracts import Clip
from seldbench.errors import BadRecipe, MissingData
from seldbench.events import Event, EventList
from seldbench.recipe import Head
from seldbench.training.data import Batches, Example, Group, Labels, label_weights, make_group
from seldbench.windows import Windowing

HEADS = {"frames": Head(format="strong", loss="bce", on=["train/synthetic"])}


def windowing():
    return Windowing(registry.find("features", "logmel_desed")(), 2.0, 0.064)


def make_batches(toy, sizes, steps=None, **others):
    form = registry.find("formats", "strong")(toy.classes)
    groups = [
        make_group(name, size, toy.clips(name), heads=HEADS, windowing=windowing())
        for name, size in sizes.items()
    ]
    labels = {"frames": Labels(form, 31, 0.064)}
    return Batches(groups, labels, windowing(), seed=1, steps=steps, **others)


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


def test_twelve_clips_are_2_2_4_4_in_order_and_the_weak_group_ends_the_epoch(toy):
    sizes = {"train/real": 2, "train/synthetic": 2, "train/weak": 4, "train/unlabelled": 4}
    clips = {"train/real": 20, "train/synthetic": 24, "train/weak": 14, "train/unlabelled": 24}
    groups = [
        make_group(
            name,
            size,
            toy.clips("train/synthetic")[: clips[name]],
            heads={},
            windowing=windowing(),
        )
        for name, size in sizes.items()
    ]
    batches = Batches(groups, {}, windowing(), seed=1)
    made = list(batches.epoch(1))
    assert len(made) == batches.steps == 14 // 4
    expected = [slice(0, 2), slice(2, 4), slice(4, 8), slice(8, 12)]
    assert all(batch.groups == tuple(zip(sizes, expected)) for batch in made)


def tagged(*labels):
    """A group of one example a clip, by the weak labels of the clips."""
    clips = [Clip(f"{i}.wav", 1.0, {}, None, frozenset(known)) for i, known in enumerate(labels)]
    return Group("train/tags", 2, frozenset(), tuple(Example(clip, 0.0) for clip in clips))


def test_a_clip_of_a_balanced_group_weighs_the_sum_over_its_labels():
    weights = label_weights(tagged(["dog"], ["dog"], ["dog", "bell"], []))
    dog, bell = 1000 / 3.01, 1000 / 1.01
    assert weights == pytest.approx(np.array([dog, dog, dog + bell, 0]) / (3 * dog + bell))


def test_a_balanced_group_without_labels_or_of_no_batch_is_an_error(toy):
    sizes = {"train/unlabelled": 2}
    with pytest.raises(BadRecipe, match="no clip of 'train/unlabelled' has a label"):
        make_batches(toy, sizes, balanced=["train/unlabelled"])
    with pytest.raises(BadRecipe, match=r"no group 'train/unlabeled' \(near: train/unlabelled\)"):
        make_batches(toy, sizes, balanced=["train/unlabeled"])


def drawn(group, epoch, steps=None):
    """The clips of an epoch, by id, in order."""
    batches = Batches([group], {}, windowing(), seed=3, steps=steps, balanced=[group.name])
    assert len(batches._order(group, epoch, 0)) == batches.steps * group.size
    return [group.examples[i].clip.id for i in batches._order(group, epoch, 0)]


def test_a_balanced_group_hears_rare_labels_as_often_as_common_ones():
    group = tagged(*[["dog"]] * 90, *[["bell"]] * 10)
    counts = Counter(int(name.removesuffix(".wav")) >= 90 for name in drawn(group, 1, steps=2000))
    assert counts[True] / 4000 == pytest.approx(0.5, abs=0.03)


def test_a_balanced_epoch_is_as_long_as_another_and_hangs_on_seed_and_epoch_alone():
    group = tagged(*[["dog"]] * 9, ["bell"])
    assert len(drawn(group, 1)) == len(group.examples)
    assert drawn(group, 1) == drawn(group, 1)
    assert drawn(group, 1) != drawn(group, 2)
    assert len(set(drawn(group, 1))) < 10  # with replacement


def given_tags(example):
    """A number of a clip that says which it is."""
    return torch.full((2,), int(example.clip.id.removesuffix(".wav")) / 100)


def test_what_the_network_is_given_besides_goes_along_with_its_clips(toy):
    batches = make_batches(
        toy, {"train/synthetic": 4, "train/unlabelled": 2}, given={"tags": given_tags}
    )
    batch = next(batches.epoch(1))
    waves = {c.id: c.recordings["mono"].read() for c in toy.clips("train/synthetic")}
    for wave, tags in zip(batch.waves[:4], batch.inputs["tags"][:4]):
        own = torch.from_numpy(waves[f"{round(100 * float(tags[0]))}.wav"])
        margin = (wave.shape[-1] - own.shape[-1]) // 2
        assert torch.equal(wave[:, margin : margin + own.shape[-1]], own)
    halves = batch.split(2)
    assert torch.equal(halves[1].inputs["tags"], batch.inputs["tags"][[2, 3, 5]])
    moved = batch.to(torch.device("meta"))
    assert moved.inputs["tags"].device.type == "meta"


@pytest.mark.parametrize("make", [WaveMixup, Mixup])
@pytest.mark.parametrize("labels", ["soft", "hard"])
def test_mixed_clips_are_given_mixed_inputs(toy, make, labels):
    """With inputs that are the targets' own values, both are mixed alike."""
    batch = next(make_batches(toy, {"train/synthetic": 8}).epoch(1))
    batch = replace(
        batch,
        spectrum=torch.rand(8, 1, 5, 4, generator=torch.Generator().manual_seed(1)),
        inputs={"same": batch.targets["frames"]},
    )
    form = registry.find("formats", "strong")(toy.classes)
    mixup = make(groups=[["train/synthetic"]], probability=1.0, alpha=1.0, labels=labels)
    mixed = mixup(batch, None, {"frames": form}, torch.Generator().manual_seed(0))
    assert not torch.equal(mixed.inputs["same"], batch.inputs["same"])
    torch.testing.assert_close(mixed.inputs["same"], mixed.targets["frames"])


def test_scenes_that_join_bring_their_inputs(toy):
    batch = next(make_batches(toy, {"train/synthetic": 8}).epoch(1))
    batch = replace(batch, inputs={"same": batch.targets["frames"]})
    form = registry.find("formats", "strong")(toy.classes)
    joined = MixScenes(groups=[["train/synthetic"]], probability=1.0)(
        batch, None, {"frames": form}, torch.Generator().manual_seed(0)
    )
    assert not torch.equal(joined.inputs["same"], batch.inputs["same"])
    torch.testing.assert_close(joined.inputs["same"], joined.targets["frames"])


# --- windows that begin anew in every epoch


def counting_clip(name, seconds):
    """Sample n is n, so that waves say where they were cut."""
    wave = np.arange(round(seconds * 16000), dtype=np.float32)[None]
    event = Event(3.0, 4.0, "low")
    return Clip(name, seconds, {"mono": Waveform(wave, 16000)}, EventList([event]))


def phased(toy, *clips, hop=None, seed=1, stride=1, **others):
    cut = Windowing(registry.find("features", "logmel_desed")(), 2.0, 0.064, stride)
    group = make_group("train/synthetic", 2, clips, heads=HEADS, windowing=cut, hop=hop)
    labels = {"frames": Labels(registry.find("formats", "strong")(toy.classes), 31, 0.064)}
    phase = hop or 2.0
    return Batches([group], labels, cut, seed=seed, phase=phase, **others), group


def onsets_of(batches, group, epoch):
    """Onsets of an epoch by clip, in the order of the group."""
    found = {}
    for example in batches._moved(group, epoch, 0):
        found.setdefault(example.clip.id, []).append(example.onset)
    return found


@pytest.mark.parametrize("hop, stride", [(None, 1), (1.0, 1), (None, 5)])
def test_a_clips_windows_all_begin_later_by_one_draw_and_end_within_it(toy, hop, stride):
    clips = [counting_clip("a", 9.7), counting_clip("b", 6.1), counting_clip("short", 1.5)]
    batches, group = phased(toy, *clips, hop=hop, stride=stride)
    plain = {}
    for example in group.examples:
        plain.setdefault(example.clip.id, []).append(example.onset)
    step, every = 0.064 * stride, set()
    for epoch in range(1, 60):
        for name, onsets in onsets_of(batches, group, epoch).items():
            assert len(onsets) == len(plain[name])
            last = plain[name][-1]
            later = onsets[0] - plain[name][0]
            expected = [min(onset + later, last) for onset in plain[name]]
            assert onsets == pytest.approx(expected)
            assert onsets[-1] == pytest.approx(last)
            assert 0 <= later < (hop or 2.0)
            assert later / step == pytest.approx(round(later / step), abs=1e-6)
            every.add((name, round(later / step)))
    drawn, draws = {n for name, n in every if name == "a"}, int((hop or 2.0) / step)
    assert drawn <= set(range(draws)) and len(drawn) > draws / 2
    assert {n for name, n in every if name == "short"} == {0}


def test_windows_begin_anew_by_seed_and_epoch_alone(toy):
    clips = [counting_clip(str(n), 9.7) for n in range(4)]
    batches, group = phased(toy, *clips)
    first = onsets_of(batches, group, 1)
    assert first == onsets_of(phased(toy, *clips)[0], group, 1)
    assert first != onsets_of(batches, group, 2)
    assert first != onsets_of(phased(toy, *clips, seed=2)[0], group, 1)
    assert len({onsets[0] for onsets in first.values()}) > 1

    # An epoch that is gone on with from its third step is the same epoch.
    whole = list(batches.epoch(3))
    rest = list(phased(toy, *clips)[0].epoch(3, first_step=2))
    assert len(whole) == len(rest) + 2 == 10
    assert all(torch.equal(a.waves, b.waves) for a, b in zip(whole[2:], rest))


@pytest.mark.parametrize("kept", [False, True])
def test_targets_and_spectra_follow_their_windows(toy, kept, tmp_path):
    batches, _ = phased(toy, counting_clip("a", 9.7), counting_clip("b", 8.0))
    if kept:
        plain = list(batches.epoch(1))
        batches._windowing.store.open(tmp_path / "spectra")
    seen = set()
    for number, batch in enumerate(batches.epoch(1)):
        windowing = batches._windowing
        margin = windowing.features.margin * 256
        waves = (plain[number] if kept else batch).waves
        for i, (wave, target) in enumerate(zip(waves, batch.targets["frames"])):
            onset = float(wave[0, margin]) / 16000
            seen.add(onset)
            times = onset + (np.arange(31) + 0.5) * 0.064
            sure = (np.abs(times - 3.0) > 0.07) & (np.abs(times - 4.0) > 0.07)
            inside = (times > 3.0) & (times < 4.0)
            np.testing.assert_array_equal(target[sure, 1].numpy(), inside[sure])
            if kept:
                made = windowing.spectrum(wave[None])[0]
                torch.testing.assert_close(batch.spectrum[i], made, atol=1e-2, rtol=1e-3)
    assert len(seen) > 6


# --- microphones, each an example


def test_the_microphones_of_a_scene_are_examples_that_share_its_windows(toy):
    waves = np.random.default_rng(0).standard_normal((4, 5 * 16000)).astype(np.float32)
    event = EventList([Event(3.0, 4.0, "low")])
    scenes = [Clip(n, 5.0, {"mic": Waveform(waves, 16000)}, event) for n in ("a", "b")]
    cut = Windowing(registry.find("features", "logmel_desed")(), 2.0, 0.064, each="mic")
    views = [view for clip in scenes for view in cut.views(clip)]
    group = make_group("train/synthetic", 8, views, heads=HEADS, windowing=cut)
    labels = {"frames": Labels(registry.find("formats", "strong")(toy.classes), 31, 0.064)}
    batches = Batches([group], labels, cut, seed=1, phase=2.0)
    assert len(group.examples) == 2 * 4 * 3
    onsets = onsets_of(batches, group, 1)
    assert [onsets["a"][i : i + 3] for i in (3, 6, 9)] == [onsets["a"][:3]] * 3
    assert onsets["a"][:3] != onsets["b"][:3]

    margin = cut.features.margin * 256
    starts = [(m, round(onset * 16000)) for m in range(4) for onset in onsets["a"] + onsets["b"]]
    heard = set()
    for batch in batches.epoch(1):
        assert batch.waves.shape[1] == 1
        for wave in batch.waves[:, 0, margin : margin + 100].numpy():
            heard |= {(m, n) for m, n in starts if np.array_equal(waves[m, n : n + 100], wave)}
    assert heard == set(starts)
