"""Scenes rotated and joined: waves and targets say the same before and after."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench.arrays import MIC_POSITIONS, MIC_RADIUS, foa_gains, rotations
from seldbench.augment import SCENE, Batch
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.features.gcc_phat import GccPhat
from seldbench.features.iv_dcase2022 import IvDcase2022
from seldbench.features.logmel_desed import LogMelDesed
from seldbench.formats.accdoa import Accdoa
from seldbench.formats.doa import Doa
from seldbench.formats.multi_accdoa import MultiAccdoa
from seldbench.formats.sed_doa import SedDoa
from seldbench.formats.strong import Strong
from seldbench.formats.tracks import Tracks
from seldbench.geometry import unit_vectors

CLASSES = ("dog", "phone")
FORMATS = {
    "accdoa": Accdoa(CLASSES),
    "doa": Doa(CLASSES),
    "multi_accdoa": MultiAccdoa(CLASSES, distance=True),
    "sed_doa": SedDoa(CLASSES),
    "strong": Strong(CLASSES),
    "tracks": Tracks(CLASSES),
}
LAYOUTS = {"foa": IvDcase2022(), "mic": GccPhat()}
SAMPLES, FRAMES, CLIPS = 4800, 10, 24
GROUPS = (("train/real", slice(0, 12)), ("train/synthetic", slice(12, 20)), ("rest", slice(20, 24)))


def heard(doa, sound, layout):
    """A plane wave at the array's channels: (4, samples)."""
    if layout == "foa":
        return foa_gains(doa)[:, None] * sound
    # Earlier by the way that the wave saves to the microphone, in an open array.
    advance = MIC_POSITIONS @ doa * MIC_RADIUS / 343.0
    frequency = np.fft.rfftfreq(SAMPLES, 1 / 24000)
    phase = np.exp(2j * np.pi * frequency * advance[:, None])
    return np.fft.irfft(np.fft.rfft(sound) * phase, SAMPLES)


def scene(layout, directions, sounds):
    """Waves and targets of clips with one source each."""
    waves, targets = [], {head: [] for head in FORMATS}
    for i, (doa, sound) in enumerate(zip(directions, sounds)):
        waves.append(heard(doa, sound, layout))
        label = CLASSES[i % 2]
        event = Event(0.2, 0.7, label, doa=doa, distance=np.array([1.0 + i]))
        clip = Clip(str(i), 1.0, {}, EventList([event]))
        for head, form in FORMATS.items():
            targets[head].append(form.encode(clip, 0.0, FRAMES, 0.1))
    return Batch(
        waves=torch.from_numpy(np.stack(waves)).float(),
        targets={head: torch.stack(rows) for head, rows in targets.items()},
        groups=GROUPS,
        label_hop=0.1,
    )


def plan(seed=0):
    draw = np.random.default_rng(seed)
    doa = unit_vectors(draw.uniform(-180, 180, CLIPS), draw.uniform(-50, 50, CLIPS))
    return doa, draw.standard_normal((CLIPS, SAMPLES))


def make_batch(layout="foa"):
    return scene(layout, *plan())


def apply(name, batch, layout="foa", seed=0, **arguments):
    augmentation = SCENE[name](**arguments)
    draw = torch.Generator().manual_seed(seed)
    return augmentation(batch, LAYOUTS[layout], FORMATS, draw)


def same(a, b):
    return torch.equal(a.waves, b.waves) and all(
        torch.equal(a.targets[head], b.targets[head]) for head in FORMATS
    )


def turned_doa(targets):
    """Directions that ACCDOA targets give, (clips, 3), by the clip's class."""
    vectors = targets["accdoa"].unflatten(-1, (3, 2))[:, 3]
    return torch.stack([vectors[i, :, i % 2] for i in range(CLIPS)]).numpy()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rotated_waves_are_those_of_sources_in_the_rotated_directions(layout):
    directions, sounds = plan()
    rotated = apply("rotate", make_batch(layout), layout)
    doa = turned_doa(rotated.targets)
    expected = scene(layout, doa, sounds)
    assert torch.allclose(rotated.waves, expected.waves, atol=1e-5)
    for head in FORMATS:
        assert torch.allclose(rotated.targets[head], expected.targets[head], atol=1e-6), head
    # Most clips were turned, each by a rotation of its own.
    moved = np.linalg.norm(doa - directions, axis=1) > 0.01
    assert 0.7 < moved.mean() <= 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_rotation_of_the_layout_is_drawn_equally_often(layout):
    directions, _ = plan()
    batch, found = make_batch(layout), np.zeros(len(rotations(layout)))
    turned = np.stack([r(directions) for r in rotations(layout)])  # (rotations, clips, 3)
    for seed in range(40):
        doa = turned_doa(apply("rotate", batch, layout, seed).targets)
        which = np.linalg.norm(turned - doa, axis=-1).argmin(0)
        found += np.bincount(which, minlength=len(found))
    expected = 40 * CLIPS / len(found)
    assert np.all(np.abs(found - expected) < 4.5 * np.sqrt(expected))


def test_a_clip_is_rotated_with_its_probability_and_a_seed_gives_one_batch():
    batch = make_batch()
    assert same(apply("rotate", batch, probability=0.0), batch)
    assert same(apply("rotate", batch, seed=3), apply("rotate", batch, seed=3))
    assert not same(apply("rotate", batch, seed=3), apply("rotate", batch, seed=4))
    changed = [
        (apply("rotate", batch, seed=s, probability=0.5).waves != batch.waves).any(-1).any(-1)
        for s in range(40)
    ]
    # One in 16 draws is the identity.
    assert abs(float(torch.stack(changed).float().mean()) - 0.5 * 15 / 16) < 0.06
    assert same(batch, make_batch())  # what came in is as it was


def test_recordings_without_directions_cannot_be_rotated():
    with pytest.raises(ValueError, match="layout 'mono' cannot be rotated"):
        SCENE["rotate"]()(make_batch(), LogMelDesed(), FORMATS, torch.Generator())
    with pytest.raises(ValueError, match="probability is 2"):
        SCENE["rotate"](probability=2)


def mixes(batch, mixed):
    """For each clip the one that joined it and its gain in decibels, None where none did."""
    found = []
    for i in range(CLIPS):
        rest = mixed.waves[i] - batch.waves[i]
        if not rest.any():
            found.append(None)
            continue
        products = (rest * batch.waves).sum((1, 2)) / batch.waves.square().sum((1, 2))
        j = int(products.argmax())
        assert torch.allclose(rest, products[j] * batch.waves[j], atol=1e-4)
        found.append((j, 20 * float(products[j].log10())))
    return found


BOTH = [["train/real", "train/synthetic"]]


def test_joined_scenes_are_sums_and_their_targets_are_those_of_both():
    batch = make_batch()
    mixed = apply("mix_scenes", batch, groups=BOTH, probability=1.0)
    partners = mixes(batch, mixed)
    assert partners[20:] == [None] * 4
    joined = [j for j, _ in partners[:20]]
    assert sorted(joined) == list(range(20))
    assert all(i != j for i, j in enumerate(joined))
    for head, form in FORMATS.items():
        target = batch.targets[head]
        assert torch.equal(mixed.targets[head][:20], form.union(target[:20], target[joined]))
        assert torch.equal(mixed.targets[head][20:], target[20:])
    two = mixed.targets["multi_accdoa"][:20, :, :, 0].sum(2)  # (clips, frames, classes)
    assert two.sum(-1)[:, 2:7].unique().tolist() == [2.0]
    assert same(batch, make_batch())


def test_scenes_join_within_their_sets_with_their_probability_and_levels():
    batch, count, levels, across = make_batch(), [], [], []
    for seed in range(30):
        setting = {"groups": [["train/real"], ["train/synthetic"]], "decibels": (-10.0, -4.0)}
        partners = mixes(batch, apply("mix_scenes", batch, seed=seed, probability=0.3, **setting))
        count.append(sum(p is not None for p in partners[:20]) / 20)
        levels += [p[1] for p in partners if p]
        across += [(i < 12) != (p[0] < 12) for i, p in enumerate(partners) if p]
    assert abs(np.mean(count) - 0.3) < 0.07
    assert -10.01 < min(levels) < -9.5 and -4.5 < max(levels) < -3.99
    assert not any(across)
    free = [mixes(batch, apply("mix_scenes", batch, seed=s, groups=BOTH)) for s in range(3)]
    assert any((i < 12) != (p[0] < 12) for one in free for i, p in enumerate(one) if p)


def test_nobody_is_joined_by_himself():
    batch = make_batch()
    alone = (("train/real", slice(0, 1)), ("rest", slice(1, CLIPS)))
    batch = replace(batch, groups=alone)
    assert same(apply("mix_scenes", batch, groups=[["train/real"]], probability=1.0), batch)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"groups": [["train/strong"]]}, r"no split 'train/strong'.*in the batch"),
        ({"groups": BOTH, "decibels": (0.0, -6.0)}, "the lower end first"),
        ({"groups": BOTH, "probability": -0.1}, "lies in"),
    ],
)
def test_arguments_that_do_not_fit_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        apply("mix_scenes", make_batch(), **arguments)


def test_hard_mixup_joins_the_targets_of_every_format():
    batch = make_batch()
    arguments = {"groups": BOTH, "labels": "hard", "alpha": 5.0}
    mixed = apply("wave_mixup", batch, **arguments)
    number = mixed.targets["multi_accdoa"][:20, 3, :, 0].sum((1, 2))
    assert set(number.tolist()) <= {1.0, 2.0} and 2.0 in number.tolist()
    lengths = mixed.targets["accdoa"].unflatten(-1, (3, 2)).norm(dim=-2)
    assert torch.allclose(lengths, lengths.round(), atol=1e-6) and float(lengths.max()) < 1.01
