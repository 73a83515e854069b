"""Augmentations of waves, with clips of 1 s at 16 kHz and the margin that features read."""

import pytest
import torch
from torch.nn import functional

from seldbench.augment import SCENE, Batch
from seldbench.features.logmel_desed import HOP_SAMPLES, LogMelDesed
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak

CLASSES = ("Cat", "Dog")
FORMATS = {"frames": Strong(CLASSES), "clip": Weak(CLASSES)}
FEATURES = LogMelDesed()
MARGIN = FEATURES.margin * HOP_SAMPLES
SAMPLES = 60 * HOP_SAMPLES
GROUPS = (
    ("train/real", slice(0, 2)),
    ("train/weak", slice(2, 4)),
    ("train/unlabelled", slice(4, 5)),
)
LIKE = [["train/real"], ["train/weak"]]
ARGUMENTS = {"wave_mixup": {"groups": LIKE}, "mix_scenes": {"groups": LIKE, "probability": 1.0}}


def mirrored(waves):
    return functional.pad(waves, (MARGIN, MARGIN), mode="reflect")


def make_batch():
    draw = torch.Generator().manual_seed(1)
    return Batch(
        waves=mirrored(torch.randn(5, 1, SAMPLES, generator=draw)),
        targets={
            "frames": (torch.rand(5, 15, 2, generator=draw) < 0.3).float(),
            "clip": torch.ones(5, 2),
        },
        groups=GROUPS,
        label_hop=0.064,
    )


def apply(name, batch, seed=0, **arguments):
    augmentation = SCENE[name](**{**ARGUMENTS.get(name, {}), **arguments})
    return augmentation(batch, FEATURES, FORMATS, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", [name for name in SCENE if name != "rotate"])
def test_a_seed_gives_one_batch_and_another_seed_another(name):
    batch = make_batch()
    assert torch.equal(apply(name, batch).waves, apply(name, batch).waves)
    assert not torch.equal(apply(name, batch).waves, apply(name, batch, seed=1).waves)


def test_wave_mixup_mixes_waves_within_their_sets():
    batch = make_batch()
    mixed = apply("wave_mixup", batch)
    assert mixed.waves.shape == batch.waves.shape
    assert torch.equal(mixed.waves[4:], batch.waves[4:])
    assert torch.equal(mixed.targets["frames"][4:], batch.targets["frames"][4:])


def test_wave_shift_moves_the_window_by_whole_hops_and_mirrors_its_margin_anew():
    batch = make_batch()
    shifted = apply("wave_shift", batch, sigma=20.0)
    before = batch.waves[..., MARGIN:-MARGIN]
    after = shifted.waves[..., MARGIN:-MARGIN]
    assert torch.equal(shifted.waves, mirrored(after))
    for i in range(5):
        hops = [n for n in range(60) if torch.equal(before[i].roll(n * HOP_SAMPLES, -1), after[i])]
        assert len(hops) == 1
        # 60 hops are 15 label frames: a roll by n hops is one by floor(n / 4) label frames.
        expected = batch.targets["frames"][i].roll(hops[0] // 4, 0)
        assert torch.equal(shifted.targets["frames"][i], expected)
    assert torch.equal(shifted.targets["clip"], batch.targets["clip"])
