"""Formats of directions beside plain forms of the same rules: a Markdown table.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_formats.py [--batch 128] [--repeats 7]

Columns: milliseconds of the plain form and of ours, best of the repeats in one run, and their
ratio. The plain ADPIT writes out its 13 assignments, as the DCASE baselines do; the plain decoding
goes through frames and classes. Of merging, the plain form is the average without alignment: what
the alignment of tracks costs.
"""

import argparse
import time
from itertools import product

import numpy as np
import torch

from seldbench.contracts import Clip, PostProcessing
from seldbench.formats import _frames
from seldbench.formats.multi_accdoa import MultiAccdoa, adpit
from seldbench.formats.tracks import Tracks

CLASSES = tuple("abcdefghijklm")
FRAMES, WINDOW = 600, 50
POST = PostProcessing(dict.fromkeys(CLASSES, 0.5), dict.fromkeys(CLASSES, 0.0), "none")


def plain_adpit(outputs, targets):
    """All assignments at once."""
    wanted = targets[..., :1, :] * targets[..., 1:, :]
    ways = [(0, 0, 0)]
    ways += [way for way in product((1, 2), repeat=3) if len(set(way)) == 2]
    ways += [way for way in product((3, 4, 5), repeat=3) if len(set(way)) == 3]
    given = outputs.reshape(*wanted.shape[:-3], 3, *wanted.shape[-2:])
    family = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 2}
    dummies = wanted.unbind(-3)

    def on_tracks(way):
        return torch.stack([dummies[i] for i in way], dim=-3)

    firsts = [on_tracks(ways[i]) for i in (0, 1, 7)]
    losses = []
    for way in ways:
        padding = sum(f for i, f in enumerate(firsts) if i != family[way[0]])
        losses.append((given - on_tracks(way) - padding).square().mean((-3, -2)))
    return torch.stack(losses).amin(0).mean()


def plain_rows(outputs, degrees=15.0):
    """{frame: rows}, frame by frame and class by class."""
    tracks = outputs.numpy().reshape(-1, 3, 3, len(CLASSES))
    length = np.sqrt((tracks**2).sum(2))
    rows = {}
    for t, k in product(range(len(tracks)), range(len(CLASSES))):
        active = [i for i in range(3) if length[t, i, k] > 0.5]
        near = []
        for i, j in ((0, 1), (1, 2), (2, 0)):
            if i in active and j in active:
                cosine = tracks[t, i, :, k] @ tracks[t, j, :, k]
                cosine /= length[t, i, k] * length[t, j, k]
                if np.degrees(np.arccos(np.clip(cosine, -1, 1))) < degrees:
                    near.append((i, j))
        if len(near) > 1:
            groups = [(0, 1, 2)]
        else:
            groups = near + [(i,) for i in active if not near or i not in near[0]]
        for group in groups:
            rows.setdefault(t, []).append((k, tracks[t, list(group), :, k].mean(0)))
    return rows


def busy_scene(draw):
    """Targets (frames, 6, 4, classes) with sources in a fifth of the cells, some of them double."""
    number = torch.multinomial(
        torch.tensor([0.8, 0.12, 0.06, 0.02]), FRAMES * len(CLASSES), True, generator=draw
    ).reshape(FRAMES, 1, 1, len(CLASSES))
    family = torch.tensor([1, 2, 2, 3, 3, 3])[:, None, None]
    active = (number == family).float()
    values = torch.nn.functional.normalize(
        torch.randn(FRAMES, 6, 3, len(CLASSES), generator=draw), dim=2
    )
    return torch.cat([active, active * values], dim=2)


def best(call, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def with_gradient(loss, outputs, targets):
    outputs.grad = None
    loss(outputs, targets).backward()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    draw = torch.Generator().manual_seed(0)
    multi, tracks = MultiAccdoa(CLASSES), Tracks(CLASSES)
    scene, clip = busy_scene(draw), Clip("a", FRAMES * 0.1, {})
    a0, b0, b1, c0, c1, c2 = scene[:, :, 1:].unbind(1)
    outputs = torch.stack([a0 + b0 + c0, a0 + b1 + c1, a0 + b1 + c2], dim=1).flatten(1)
    outputs = outputs + 0.1 * torch.randn(outputs.shape, generator=draw)

    targets = scene[:WINDOW].expand(options.batch, -1, -1, -1, -1).contiguous()
    raw = torch.randn(options.batch, WINDOW, multi.size, generator=draw).requires_grad_()
    rows = [
        (
            "ADPIT and its gradient",
            lambda: with_gradient(plain_adpit, raw, targets),
            lambda: with_gradient(adpit, raw, targets),
        ),
        (
            "decoding a minute",
            lambda: plain_rows(outputs),
            lambda: multi.decode(outputs, clip, 0.1, POST),
        ),
    ]
    starts = list(range(0, FRAMES - WINDOW + 1, 5))
    for name, form, whole in (
        ("merging multi_accdoa", multi, outputs),
        ("merging tracks", tracks, torch.rand(FRAMES, tracks.size, generator=draw)),
    ):
        windows = torch.stack([whole[s : s + WINDOW] for s in starts])
        rows.append(
            (
                f"{name}, {len(starts)} windows",
                lambda w=windows: _frames.overlap_average(w, starts, FRAMES),
                lambda w=windows, f=form: f.merge(w, starts, FRAMES),
            )
        )
    print(f"| {options.batch} windows of {WINDOW} frames | plain, ms | ours, ms | plain / ours |")
    print("| --- | --- | --- | --- |")
    for name, plain, ours in rows:
        a, b = best(plain, options.repeats), best(ours, options.repeats)
        print(f"| {name} | {a:.1f} | {b:.1f} | {a / b:.2f} |")


if __name__ == "__main__":
    main()
