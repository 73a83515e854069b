"""When the sounds of a clip begin."""

from collections.abc import Sequence

from seldbench.simulation.mixtures.sampling import RATE, SAMPLES, Rng

CLOSEST = round(0.75 * RATE)  # samples by which sounds in a row may overlap


def around(target: int, lengths: Sequence[int], rng: Rng) -> list[int]:
    """Onsets of sounds, the one of number `target` among them anywhere in the clip. Every other one
    sounds together with it for at least half of the shorter of the two, and is else anywhere.

    Our design: where nothing overlaps, nothing needs to be separated.
    """
    own = lengths[target]
    first = int(rng.integers(SAMPLES - own + 1))
    onsets = []
    for number, length in enumerate(lengths):
        shared = -(-min(length, own) // 2)
        earliest = max(first + shared - length, 0)
        latest = min(first + own - shared, SAMPLES - length)
        onsets.append(first if number == target else int(rng.integers(earliest, latest + 1)))
    return onsets


def in_a_row(lengths: Sequence[int], rng: Rng) -> list[int]:
    """Onsets of sounds one after the other, each up to 0.75 s before the last one's end; one that
    would not end within the clip begins as much earlier.

    Source: specification of seldbench, D.8 (the published generator).
    """
    onsets, end = [], 0
    for length in lengths:
        onset = max(end - int(rng.integers(CLOSEST + 1)), 0)
        onsets.append(min(onset, SAMPLES - length))
        end = onsets[-1] + length
    return onsets
