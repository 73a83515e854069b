"""Simulated spatial scenes in the layouts of the real sets: `tnsse2021-sim` and `starss23-sim`.

From plan to files: `kinds` (what the sets are), `options` (how large, how hard) -> `layers`,
`casting`, `placing`, `planning` (who sounds when, from where) -> `rendering` (sounds of `dry` heard
in rooms of `spatial`; labels) -> `files`, `building`, `simulating`.
"""

from seldbench.simulation.scenes.files import fingerprint
from seldbench.simulation.scenes.kinds import STARSS23, TNSSE2021, Kind
from seldbench.simulation.scenes.simulating import simulate_starss23, simulate_tnsse2021

__all__ = [
    "STARSS23",
    "TNSSE2021",
    "Kind",
    "fingerprint",
    "simulate_starss23",
    "simulate_tnsse2021",
]
