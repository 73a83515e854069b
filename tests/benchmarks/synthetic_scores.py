"""Frame scores for benchmarks: plausible, seeded, made class by class, of any number of clips.

A class's score is a logistic function of a slow noise floor, bumps at its (jittered) events, some
at events of other classes, and invented ones; smoothed over 0.28 s and rounded to five decimals.
Clips last 10 s. Only what is asked for is in memory.
"""

import numpy as np
from scipy import ndimage, signal

from seldbench.events import EventTable
from seldbench.metrics.events.truth import truth
from seldbench.prediction import Columns, FrameScores

SECONDS = 10.0


def frame_scores(reference, clips, classes, fps, seed=1):
    """Scores of all clips, made where a class is asked for."""
    known = truth(reference, dict.fromkeys(clips, SECONDS))
    length = int(np.ceil(SECONDS * fps))
    frame = np.tile(np.arange(length), len(clips))
    shape = len(frame), len(classes)

    def read(number):
        return column(known, number, fps, length, seed).ravel()

    scores = Columns(read, shape, np.dtype(np.float32))
    start = np.arange(len(clips) + 1) * length
    return FrameScores(scores, start, frame / fps, (frame + 1) / fps, tuple(clips), classes)


def column(known, number, fps, length, seed):
    """(clips, frames) of one class."""
    draw = np.random.default_rng([seed, number])
    clips = len(known.clips)
    slow = np.exp(-1.0 / (0.4 * fps))
    white = draw.normal(size=(clips, length)).astype(np.float32)
    level = signal.lfilter([np.sqrt(1 - slow * slow)], [1.0, -slow], white, axis=1)
    level = -4.6 + 0.9 * level + 0.2 * draw.normal(size=(clips, length))
    mine = np.flatnonzero(known.label == number)
    others = draw.choice(len(known.clip), min(len(mine), len(known.clip)) // 3)
    invented = draw.poisson(0.9 * clips / len(known.classes))
    onset = draw.uniform(0, SECONDS - 0.3, invented)
    parts = [
        (known.clip[mine], known.onset[mine], known.offset[mine], draw.normal(7, 1.9, len(mine))),
        (
            known.clip[others],
            known.onset[others],
            known.offset[others],
            draw.normal(7, 1.9, len(others)) * draw.uniform(0.2, 0.75, len(others)),
        ),
        (
            draw.integers(0, clips, invented),
            onset,
            onset + np.exp(draw.uniform(np.log(0.1), np.log(3.0), invented)),
            draw.normal(3.8, 1.6, invented),
        ),
    ]
    clip, onset, offset, height = (np.concatenate(p) for p in zip(*parts))
    onset = onset + draw.normal(0, 0.12, len(clip))
    offset = np.maximum(offset + draw.normal(0, 0.25, len(clip)), onset + 0.1)
    rise = draw.uniform(0.02, 0.12, len(clip))
    time = (np.arange(length) + 0.5) / fps
    for a in range(0, len(clip), 2000):
        some = slice(a, a + 2000)
        edge = rise[some, None]
        up = 1 / (1 + np.exp(np.clip((onset[some, None] - time) / edge, -50, 50)))
        down = 1 / (1 + np.exp(np.clip((time - offset[some, None]) / edge, -50, 50)))
        np.add.at(level, clip[some], height[some, None] * up * down)
    width = max(1, round(0.28 * fps) | 1)
    level = ndimage.uniform_filter1d(level, width, axis=1, mode="nearest")
    return np.round(1 / (1 + np.exp(-level)), 5).astype(np.float32)


def many_events(clips, classes, seed=0):
    """A reference with few events of most classes: the first is in 45 % of the clips, the k-th in
    0.45 / (1 + 0.3 k); one or two events each."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(classes):
        share = 0.45 / (1 + 0.3 * number)
        of = np.flatnonzero(draw.random(clips) < share)
        onset = draw.uniform(0, 8, len(of))
        length = np.minimum(np.exp(draw.normal(0.3, 1.0, len(of))), 9.9 - onset)
        rows.append((of, np.full(len(of), number), onset, onset + length))
        after = onset + length + draw.uniform(0.1, 2, len(of))
        again = np.flatnonzero((draw.random(len(of)) < 0.4) & (after < 9.5))
        rows.append((of[again], np.full(len(again), number), after[again], after[again] + 0.5))
    clip, label, onset, offset = (np.concatenate(part) for part in zip(*rows))
    order = np.lexsort((onset, clip))
    names = np.array([f"clip{i:05}.wav" for i in range(clips)], dtype=object)
    labels = np.array([f"class {i:03}" for i in range(classes)], dtype=object)
    return EventTable(
        names[clip[order]], onset[order], offset[order], labels[label[order]], tuple(names)
    )
