"""When things happen in one layer of a scene: one event after the other, with silence between.

Times are whole steps of 100 ms. Source: generation_parameters.py and metadata_synthesizer.py of the
generator of DCASE 2022's synthetic data (danielkrause/DCASE2022-data-generator), restated.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

Rng = np.random.Generator
Thing = TypeVar("Thing")

STEP = 0.1  # seconds
TRIMMED = 3.0  # a last event is trimmed if so many seconds of a minute are left for it
GAP = 10  # steps between events, where there is room


def fill(
    lengths: Iterator[tuple[Thing, int]], steps: int, filled: float
) -> list[tuple[Thing, int]]:
    """Events in a row until a share `filled` of `steps` is full.

    Args:
        lengths: (anything, its steps), as many as are asked for.

    Returns:
        those that fit; the last one is trimmed to the room that is left, or dropped where that is
        too short for it (3 s of a minute, in a shorter clip in proportion).
    """
    wanted = round(filled * steps)
    shortest = TRIMMED / 60 * steps
    found: list[tuple[Thing, int]] = []
    for thing, length in lengths:
        room = wanted - sum(n for _, n in found)
        if length <= room:
            found.append((thing, length))
        elif room > shortest or not found:
            found.append((thing, room))
        if length >= room:
            break
    return found


def onsets(lengths: Sequence[int], steps: int, rng: Rng) -> list[int]:
    """Where events of these lengths begin: the silence is split at random before, between and after
    them. A gap has 1 s or more, or what half of the silence allows each of them."""
    silence, gaps = steps - sum(lengths), len(lengths) + 1
    least = min(GAP, silence // (2 * gaps))
    cuts = np.sort(rng.integers(0, silence - least * gaps + 1, len(lengths)))
    before = cuts + least * np.arange(1, gaps)
    return (before + np.cumsum([0, *lengths[:-1]])).tolist() if lengths else []
