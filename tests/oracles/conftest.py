"""Random scenes on which our scores and the official scorers' must agree (`make oracles`).

A scene is made from its seed alone, so that a failure names all that is needed to see it again. Its
clips may be silent, its events touch the clip's edges, have no length or lie behind the end, sit on
a coarse grid of times (so that ties and exact collars are common) or anywhere; its detections are
the reference's, moved, cut, relabelled and invented, some in classes and clips that nobody listed;
now and then a row stands there twice.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from seldbench.events import EventTable, OperatingPoints
from seldbench.prediction import FrameScores

PINS = Path(__file__).with_name("requirements.txt")
OFFICIAL = ("numpy", "pandas", "psds_eval", "sed_eval", "sed_scores_eval", "scikit-learn")
NAMES = ("dog", "cat", "speech", "alarm", "blender")
GRIDS = (0.1, 0.25, 0.02, None)  # seconds; None: anywhere


def pytest_collection_modifyitems(items):
    """The numbers are those of the pinned versions: others are not compared with."""
    pins = dict(line.strip().split("==") for line in PINS.read_text().splitlines() if "==" in line)
    other = [f"{name} {pins[name]}" for name in OFFICIAL if _installed(name) != pins[name]]
    if other:
        reason = f"needs {', '.join(other)}: `make oracles` builds an environment of its own"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


def _installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Scene:
    """A reference, and what a system might say of it."""

    seed: int
    reference: EventTable
    durations: dict[str, float]
    points: OperatingPoints

    @property
    def detections(self):
        return self.points.at(0)

    @property
    def classes(self):
        """Those of the reference and of the first point's detections in its clips."""
        heard = self.detections.of_clips(self.reference.clips).labels
        return tuple(sorted({*self.reference.labels, *heard}))


class Draw:
    """A scene's random choices."""

    def __init__(self, seed, apart):
        self.rng = np.random.default_rng([11, seed])
        self.grid = GRIDS[self.rng.integers(len(GRIDS))]
        self.apart = apart  # events of one class and clip do not overlap

    def often(self, chance):
        return self.rng.random() < chance

    def time(self, low, high):
        value = self.rng.uniform(low, high)
        return float(value if self.grid is None else round(round(value / self.grid) * self.grid, 6))

    def intervals(self, number, duration):
        """Up to `number` pairs of onset and offset, some of length 0, some behind the end."""
        reach = duration * (1.3 if self.often(0.2) else 1.0)
        times = sorted({0.0, *(self.time(0, reach) for _ in range(2 * number))})
        if not self.often(0.3):
            times = times[1:]  # else an event may begin with the clip
        if self.apart:
            pairs = [pair for pair in pairwise(times) if self.often(0.5)]
        else:
            ends = [sorted(self.rng.choice(times, 2)) for _ in range(number)] if times else []
            pairs = [(float(a), float(b)) for a, b in ends]
        if self.apart and self.often(0.2) and times:
            # Behind all others, so that it lies inside none of them.
            pairs.append((times[-1], times[-1]))
        return pairs[:number]


def table_of(rows, clips):
    clip, onset, offset, label = zip(*rows) if rows else ((), (), (), ())
    return EventTable(
        np.array(clip, dtype=object),
        np.array(onset, dtype=np.float64),
        np.array(offset, dtype=np.float64),
        np.array(label, dtype=object),
        tuple(clips),
    )


def scene_of(seed, *, apart=True, points=3, classes=None):
    """A scene; `apart`: no two events of one class and clip overlap. `classes`: how many."""
    draw = Draw(seed, apart)
    rng = draw.rng
    number = classes or int(rng.integers(1, len(NAMES) + 1))
    known = [str(name) for name in rng.permutation(NAMES)[:number]]
    durations = {f"{i}.wav": draw.time(2, 12) for i in range(rng.integers(1, 7))}
    rows = []
    for clip, duration in durations.items():
        if draw.often(0.2):
            continue
        for label in known:
            pairs = draw.intervals(int(rng.integers(0, 4)), duration)
            rows += [(clip, onset, offset, label) for onset, offset in pairs]
    rows = _shuffled(draw, rows)
    reference = table_of(rows, durations)
    found = [_detected(draw, rows, durations, known) for _ in range(points)]
    every = [(i, row) for i, of_point in enumerate(found) for row in of_point]
    clips = tuple(dict.fromkeys(row[0] for _, row in every))
    return Scene(
        seed,
        reference,
        durations,
        OperatingPoints(
            np.linspace(0.1, 0.9, points),
            np.array([i for i, _ in every], dtype=np.int64),
            table_of([row for _, row in every], clips),
        ),
    )


def _detected(draw, rows, durations, known):
    """Detections of one operating point, in any order."""
    if draw.often(0.05):
        return []
    found = []
    for clip, onset, offset, label in rows:
        if draw.often(0.6):
            near = 0.05 + 0.4 * draw.rng.random()
            on = onset if draw.often(0.3) else max(0.0, draw.time(onset - near, onset + near))
            off = offset if draw.often(0.3) else draw.time(offset - near, offset + near)
            name = str(draw.rng.choice(known)) if draw.often(0.2) else label
            found.append((clip, on, max(on, off), name))
    # Classes and clips that the reference does not know, too.
    for clip, duration in {**durations, "unknown.wav": 10.0}.items():
        for label in [*known, "unknown"]:
            if draw.often(0.15):
                pairs = draw.intervals(2, duration)
                found += [(clip, onset, offset, label) for onset, offset in pairs]
    return _shuffled(draw, _parted(found) if draw.apart else found)


def _shuffled(draw, rows):
    """In any order, and now and then with a row that stands there twice."""
    if rows and draw.often(0.1):
        rows = [*rows, rows[draw.rng.integers(len(rows))]]
    return [rows[i] for i in draw.rng.permutation(len(rows))]


def _parted(rows):
    """Those that overlap no earlier one of their class and clip."""
    kept = []
    for clip, onset, offset, label in rows:
        mine = [(a, b) for c, a, b, name in kept if (c, name) == (clip, label)]
        if all(offset <= a or onset >= b for a, b in mine) and (onset, offset) not in mine:
            kept.append((clip, onset, offset, label))
    return kept


def score_scene_of(seed, *, classes=None):
    """(scene, frame scores): every class has an event, no two of a class touch, each has a length;
    scores on few levels, so that ties are common."""
    draw = Draw(seed, True)
    rng = draw.rng
    number = classes or int(rng.integers(1, len(NAMES) + 1))
    known = [str(name) for name in rng.permutation(NAMES)[:number]]
    hop = float(rng.choice([0.1, 0.25, 0.04, 1 / 15.625]))
    sizes = rng.integers(1, 60, size=rng.integers(1, 6))
    durations = {f"{i}": round(float(size * hop), 6) for i, size in enumerate(sizes)}
    rows = []
    for label in known:
        for _ in range(4):
            clip = str(rng.choice(list(durations)))
            pairs = draw.intervals(3, durations[clip])
            pairs = [(a, b) for a, b in pairs if b > a]
            mine = [(a, b) for c, a, b, name in rows if (c, name) == (clip, label)]
            for a, b in pairs:
                if all(b < x or a > y for x, y in mine):
                    rows.append((clip, a, b, label))
                    mine.append((a, b))
        if not any(row[3] == label for row in rows):
            clip = str(rng.choice(list(durations)))
            rows.append((clip, 0.0, durations[clip], label))
    reference = table_of(rows, durations)
    frames = _scores(draw, reference, durations, sizes, known, hop)
    nothing = OperatingPoints(np.zeros(0), np.zeros(0, dtype=np.int64), table_of([], ()))
    return Scene(seed, reference, durations, nothing), frames


def good_scene_of(seed):
    """(scene, frame scores) of a system that finds most: 200 clips, frames of 1 s, few events.

    Its false positives pass 100 an hour long before the lowest threshold, so that exact PSDS need
    not look at all of them.
    """
    rng = np.random.default_rng([17, seed])
    known = [str(name) for name in rng.permutation(NAMES)[: rng.integers(2, 5)]]
    sizes = rng.integers(5, 20, size=200)
    durations = {f"{i}": float(size) for i, size in enumerate(sizes)}
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    levels = int(rng.choice([20, 10**6]))
    scores = rng.random((start[-1], len(known))) ** 3
    rows = []
    for k, label in enumerate(known):
        for clip in rng.choice(200, 12, replace=False):
            first = int(rng.integers(0, sizes[clip] - 3))
            stop = int(rng.integers(first + 1, sizes[clip]))
            rows.append((f"{clip}", float(first), float(stop), label))
            heard = start[clip] + np.arange(first, stop)
            scores[heard, k] += rng.choice([0.2, 0.6, 0.9])
    scores = np.round(scores * levels) / levels
    frame = np.arange(start[-1]) - np.repeat(start[:-1], sizes)
    frames = FrameScores(scores, start, frame * 1.0, frame + 1.0, tuple(durations), tuple(known))
    nothing = OperatingPoints(np.zeros(0), np.zeros(0, dtype=np.int64), table_of([], ()))
    return Scene(seed, table_of(rows, durations), durations, nothing), frames


def _scores(draw, reference, durations, sizes, known, hop):
    rng, parts = draw.rng, []
    levels = int(rng.choice([2, 5, 20, 1000]))
    for clip, size in zip(durations, sizes):
        edges = np.arange(size + 1) * hop
        score = rng.random((size, len(known))) * 0.7
        for c, on, off, label in zip(
            reference.clip, reference.onset, reference.offset, reference.label
        ):
            if c == clip:
                inside = (edges[:-1] < off) & (edges[1:] > on)
                score[inside, known.index(label)] += 0.3 * rng.random()
        parts.append(np.round(score * levels) / levels)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    edges = [np.arange(size + 1) * hop for size in sizes]
    return FrameScores(
        np.concatenate(parts),
        start,
        np.concatenate([e[:-1] for e in edges]),
        np.concatenate([e[1:] for e in edges]),
        tuple(durations),
        tuple(known),
    )


def frame_of(events):
    """A table of events as the official scorers read it."""
    import pandas as pd

    columns = {
        "filename": events.clip,
        "onset": events.onset,
        "offset": events.offset,
        "event_label": events.label,
    }
    return pd.DataFrame(columns)


def score_tables_of(frames):
    """{clip: its scores} as sed_scores_eval reads them."""
    import pandas as pd

    tables = {}
    for clip in frames.clips:
        rows = frames.rows(clip)
        table = pd.DataFrame(frames.scores[rows].astype(np.float64), columns=list(frames.classes))
        table.insert(0, "onset", frames.onset[rows])
        table.insert(1, "offset", frames.offset[rows])
        tables[clip] = table
    return tables


@pytest.fixture(scope="session")
def scene():
    return scene_of


@pytest.fixture(scope="session")
def score_scene():
    return score_scene_of


@pytest.fixture(scope="session")
def good_scene():
    return good_scene_of


@pytest.fixture(scope="session")
def frame():
    return frame_of


@pytest.fixture(scope="session")
def score_tables():
    return score_tables_of
