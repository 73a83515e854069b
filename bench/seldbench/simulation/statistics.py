"""What is known of DESED's events, split by split: how often a class occurs, how many events it
then has, how long they are. Seconds; shares of clips.

Source: counts in the public metadata (`validation.tsv`, `weak.tsv`, `audioset_strong.tsv`,
`soundscapes.tsv`). Of the synthetic and the weak set the metadata has totals only; the shares of
classes in the synthetic set and the whole-clip shares outside the test set are chosen so that all
known totals (events, classes a clip, mean durations) come out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import truncnorm

CLASSES = (
    "Alarm_bell_ringing",
    "Blender",
    "Cat",
    "Dishes",
    "Dog",
    "Electric_shaver_toothbrush",
    "Frying",
    "Running_water",
    "Speech",
    "Vacuum_cleaner",
)
CLIP = 10.0  # the longest clip
SHORTEST_EVENT = 0.25


@dataclass(frozen=True)
class ClassStatistics:
    """share: of clips with the class; count: its events in such a clip; mean: their duration;
    whole: share of events as long as the clip; spread: standard deviation of ln seconds of the
    others; start: share of events that begin with the clip; gap: median between two events."""

    share: float
    count: float
    mean: float
    whole: float
    spread: float
    start: float
    gap: float


@dataclass(frozen=True)
class SplitStatistics:
    """classes: by name; pairs: P(second | first) where it is prescribed; together: share of clips
    with 0, 1, 2, ... classes; short: share of clips shorter than 10 s."""

    classes: Mapping[str, ClassStatistics]
    pairs: Mapping[tuple[str, str], float]
    together: tuple[float, ...]
    short: float


# Test set: share, events, mean, ln-mu, ln-sigma, whole, start, gap. mu and sigma are of all events.
_TEST_ROWS = (
    (0.160, 2.25, 1.96, 0.12, 1.03, 0.03, 0.14, 0.42),
    (0.068, 1.18, 5.23, 1.37, 0.85, 0.22, 0.39, 0.54),
    (0.104, 2.82, 1.38, -0.08, 0.82, 0.02, 0.09, 1.04),
    (0.146, 3.27, 0.63, -0.77, 0.67, 0.00, 0.02, 0.62),
    (0.137, 3.56, 1.41, -0.16, 0.93, 0.02, 0.11, 0.56),
    (0.053, 1.05, 7.73, 1.93, 0.55, 0.49, 0.57, 0.47),
    (0.076, 1.06, 8.26, 2.01, 0.55, 0.65, 0.73, 1.74),
    (0.169, 1.20, 5.25, 1.36, 0.91, 0.17, 0.39, 1.23),
    (0.537, 2.79, 1.50, 0.14, 0.72, 0.00, 0.13, 0.71),
    (0.078, 1.01, 8.48, 2.06, 0.50, 0.59, 0.68, 3.40),
)
# Clips with the class in the weak set of 1578.
_WEAK_CLIPS = (206, 134, 173, 184, 214, 103, 171, 345, 550, 167)
# Real-strong: clips, events (of 3470 clips), mean duration, share as long as the clip.
_REAL_ROWS = (
    (867, 1723, 2.18, 0.03),
    (210, 219, 5.26, 0.22),
    (177, 440, 0.89, 0.00),
    (698, 2017, 0.53, 0.00),
    (438, 1379, 0.83, 0.005),
    (212, 214, 6.85, 0.38),
    (520, 526, 8.23, 0.65),
    (562, 596, 6.46, 0.27),
    (3440, 8246, 1.62, 0.00),
    (85, 86, 7.19, 0.40),
)
# Synthetic: share of clips, events per clip of the set, mean duration, share as long as the clip.
_SYNTHETIC_ROWS = (
    (0.160, 0.1986, 1.45, 0.010),
    (0.100, 0.1027, 4.14, 0.100),
    (0.145, 0.1861, 1.35, 0.000),
    (0.165, 0.4338, 0.66, 0.000),
    (0.160, 0.2289, 1.13, 0.000),
    (0.108, 0.1096, 8.67, 0.750),
    (0.133, 0.1349, 9.39, 0.880),
    (0.120, 0.1224, 6.66, 0.350),
    (0.940, 1.5880, 1.54, 0.000),
    (0.103, 0.1046, 9.46, 0.890),
)
# Test set: P(second | first), both ways of each pair taken together.
_TEST_PAIRS = {
    ("Alarm_bell_ringing", "Speech"): 0.48,
    ("Blender", "Speech"): 0.69,
    ("Cat", "Speech"): 0.26,
    ("Dishes", "Speech"): 0.73,
    ("Dog", "Speech"): 0.36,
    ("Electric_shaver_toothbrush", "Speech"): 0.63,
    ("Frying", "Speech"): 0.76,
    ("Running_water", "Speech"): 0.47,
    ("Vacuum_cleaner", "Speech"): 0.34,
    ("Frying", "Dishes"): 0.66,
    ("Blender", "Dishes"): 0.18,
    ("Dishes", "Running_water"): 0.09,
}


def _rest(mu: float, sigma: float, whole: float) -> float:
    """Spread of ln seconds of the events under 10 s, from that of all."""
    full = np.log(CLIP)
    mean = (mu - whole * full) / (1 - whole)
    square = (sigma**2 + mu**2 - whole * full**2) / (1 - whole)
    return float(np.sqrt(max(square - mean**2, 0.01)))


def _test() -> dict[str, ClassStatistics]:
    return {
        name: ClassStatistics(share, count, mean, whole, _rest(mu, sigma, whole), start, gap)
        for name, (share, count, mean, mu, sigma, whole, start, gap) in zip(CLASSES, _TEST_ROWS)
    }


def _other(rows: Mapping[str, tuple[float, float, float, float]]) -> dict[str, ClassStatistics]:
    """Rows of (share, count, mean, whole); what they lack is as in the test set."""
    found = {}
    for name, (share, count, mean, whole) in rows.items():
        like = TEST.classes[name]
        start = max(like.start, whole)
        found[name] = ClassStatistics(share, count, mean, whole, like.spread, start, like.gap)
    return found


TEST = SplitStatistics(
    _test(), _TEST_PAIRS, (15 / 1168, 597 / 1168, 482 / 1168, 72 / 1168, 2 / 1168), 0.022
)
WEAK = SplitStatistics(
    _other(
        {
            name: (clips / 1578, row[1], row[2], row[5])
            for name, clips, row in zip(CLASSES, _WEAK_CLIPS, _TEST_ROWS)
        }
    ),
    {},
    (0.0, 984 / 1578, 519 / 1578, 75 / 1578),
    29 / 1578,
)
REAL = SplitStatistics(
    _other(
        {
            name: (clips / 3470, events / clips, mean, whole)
            for name, (clips, events, mean, whole) in zip(CLASSES, _REAL_ROWS)
        }
    ),
    {},
    (0.0, 40 / 3470, 3124 / 3470, 303 / 3470, 3 / 3470),
    0.0,
)
SYNTHETIC = SplitStatistics(
    _other(
        {
            name: (share, events / share, mean, whole)
            for name, (share, events, mean, whole) in zip(CLASSES, _SYNTHETIC_ROWS)
        }
    ),
    {},
    (0.0, 0.0828, 0.7244, 0.1688, 0.024),
    0.0,
)


def durations(of: ClassStatistics, shares: np.ndarray) -> np.ndarray:
    """Quantiles of an event's duration: whole clips, else a truncated log-normal whose location
    makes the mean of all equal to `of.mean`.

    Args:
        shares: in [0, 1), any shape. The highest `of.whole` of them are whole clips.
    """
    rest = (of.mean - of.whole * CLIP) / (1 - of.whole)
    inside = np.clip(shares / (1 - of.whole), 1e-6, 1 - 1e-6)
    partial = _log_normal(_location(rest, of.spread), of.spread, inside)
    return np.where(shares >= 1 - of.whole, CLIP, partial)


def _log_normal(mu: float, sigma: float, shares: np.ndarray) -> np.ndarray:
    low, high = (np.log(np.array([SHORTEST_EVENT, CLIP - 0.1])) - mu) / sigma
    return np.exp(mu + sigma * truncnorm.ppf(shares, low, high))


def _location(mean: float, sigma: float) -> float:
    """mu of a log-normal cut to [0.25, 9.9] whose mean is as wanted."""
    grid = (np.arange(400) + 0.5) / 400

    def excess(mu: float) -> float:
        return float(_log_normal(mu, sigma, grid).mean() - mean)

    return float(brentq(excess, -6.0, 8.0, xtol=1e-4))
