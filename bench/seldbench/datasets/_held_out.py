"""Which of the weakly labelled clips are held out to select by: a tenth, alike in its labels."""

import hashlib
from collections.abc import Mapping

SEED = "desed-weak-0"  # another seed is another data set: every score that was selected by it ends


def held_out(labels: Mapping[str, frozenset[str]], share: float) -> frozenset[str]:
    """The names of round(share * clips) clips: of every set of labels its share, give or take one.

    The choice hangs on the names and labels alone: not on their order, nor on which files are
    there. Clips are lined up by their set of labels, at random within it, and taken at even steps.
    """
    lined_up = sorted(labels, key=lambda name: (sorted(labels[name]), _random(name)))
    count = round(share * len(lined_up))
    step = len(lined_up) / max(count, 1)
    return frozenset(lined_up[int((i + 0.5) * step)] for i in range(count))


def _random(name: str) -> bytes:
    return hashlib.sha256(f"{SEED}/{name}".encode()).digest()
