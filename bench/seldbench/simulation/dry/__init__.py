"""Dry (anechoic, mono, 24 kHz) sounds of spatial scenes.

`classes`: names, lengths, levels -> `voices`, `impacts`, `rings`, `music`, `household`,
`interferers`: sources made by formula -> `bank`: which of them a group has; `recorded`: a folder of
recordings instead -> `gate`: when a sound is active.
"""

from seldbench.simulation.dry.bank import DryBank, DrySource, builtin_bank
from seldbench.simulation.dry.classes import INTERFERERS, RATE, STARSS, TNSSE, level_db
from seldbench.simulation.dry.gate import active_level, activity
from seldbench.simulation.dry.recorded import recorded_bank

__all__ = [
    "INTERFERERS",
    "RATE",
    "STARSS",
    "TNSSE",
    "DryBank",
    "DrySource",
    "active_level",
    "activity",
    "builtin_bank",
    "level_db",
    "recorded_bank",
]
