"""Random scenes with directions, and what formats of directions have in common."""

import numpy as np
import pytest

from seldbench.contracts import Clip, PostProcessing
from seldbench.events import Event, EventList
from seldbench.geometry import unit_vectors

CLASSES = ("alarm", "dog", "piano", "speech")
GRID = 0.1


class Scenes:
    """Random scenes on the grid of 0.1 s: 60 frames, at most `same` sources of a class and `most`
    of all at once, still and moving, at least 50 degrees apart where they are of one class."""

    classes = CLASSES

    def __init__(self, seed):
        self.draw = np.random.default_rng(seed)

    def clip(self, *, same=1, most=3, frames=60, events=12, **known):
        spans, found = [], []
        for _ in range(events):
            first = int(self.draw.integers(0, frames - 1))
            last = int(min(frames, first + self.draw.integers(1, 25)))
            k = int(self.draw.integers(len(CLASSES)))
            # A frame of silence between two of a class: else they are one run.
            near = [s for s in spans if s[0] < last + 1 and s[1] + 1 > first]
            if self._busiest(near, first, last) >= most:
                continue
            if self._busiest([s for s in near if s[2] == k], first - 1, last + 1) >= same:
                continue
            spans.append((first, last, k, len(spans)))
            found.append(self._event(first, last, k, [s[3] for s in near if s[2] == k], found))
        order = sorted(range(len(found)), key=lambda i: found[i].onset)
        return self.of([found[i] for i in order], frames * GRID, **known)

    @staticmethod
    def of(events, duration=6.0, **known):
        return Clip("mix001", duration, {}, EventList(events), **known)

    @staticmethod
    def _busiest(spans, first, last):
        return max(
            (sum(a <= t < b for a, b, *_ in spans) for t in range(max(first, 0), last)), default=0
        )

    def _event(self, first, last, k, others, found):
        while True:
            doa = self._path(last - first)
            apart = [np.max(np.atleast_2d(found[i].doa) @ np.atleast_2d(doa).T) for i in others]
            if all(cosine < np.cos(np.radians(50)) for cosine in apart):
                break
        distance = self.draw.uniform(0.5, 5, size=last - first)
        return Event(first * GRID, last * GRID, CLASSES[k], doa=doa, distance=distance)

    def _path(self, frames):
        azimuth, elevation = self.draw.uniform(-180, 180), self.draw.uniform(-50, 50)
        if self.draw.random() < 0.4:
            return unit_vectors(np.array(azimuth), np.array(elevation))
        steps = self.draw.uniform(-4, 4) * np.arange(frames)
        return unit_vectors(azimuth + steps, np.full(frames, elevation))


def rows(events, distance=False):
    """What a list of events says frame by frame: {(frame, label): sorted directions}."""
    found = {}
    for event in events:
        first, last = round(event.onset / GRID), round(event.offset / GRID)
        values = np.broadcast_to(event.doa, (last - first, 3))
        if distance:
            values = np.column_stack([values, np.broadcast_to(event.distance, last - first)])
        for frame, value in zip(range(first, last), values):
            found.setdefault((frame, event.label), []).append(tuple(value.tolist()))
    return {key: sorted(values) for key, values in found.items()}


def same_rows(found, expected, distance=False):
    found, expected = rows(found, distance), rows(expected, distance)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, atol=2e-6)


def setting(threshold=0.5, median=0.0, classes=CLASSES):
    return PostProcessing(dict.fromkeys(classes, threshold), dict.fromkeys(classes, median), "test")


@pytest.fixture(params=range(4))
def scenes(request):
    return Scenes(request.param)


@pytest.fixture
def check_rows():
    return same_rows


@pytest.fixture
def post():
    return setting
