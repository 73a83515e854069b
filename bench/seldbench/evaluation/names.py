"""Which way a score points, whether the better of two systems has more of it or less; and its unit.

The one table of directions; a name that no pattern knows is refused, so that a new score cannot be
compared the wrong way round by chance.
"""

from fnmatch import fnmatchcase

from seldbench.errors import UnknownName

# Errors, in whatever unit: error rates, angles, distances, and the mean of errors of SELD.
LOWER = (
    "er",
    "er[0-9]*",
    "er_*",
    "*_er",
    "*_er_*",
    "*error*",
    "le_*",
    "doae_*",
    "rde_*",
    "diste_*",
    "seld_score*",
)
HIGHER = (
    "psds*",
    "f[0-9]*",
    "*_f1",
    "*_f1_*",
    "*precision*",
    "*recall*",
    "*accuracy*",
    "map",
    "*_map",
    "map_*",
    "*auc*",
    "ap",
    "*_ap",
    "d_prime*",
    "lr_*",
    "si_sdr*",
    "snr",
)
# What does not go from 0 to 1.
UNITS = {
    "le_cd": "degrees",
    "doae_cd": "degrees",
    "doa_error": "degrees",
    "le_ideal_sed": "degrees",
    "direction_error": "degrees",
    "diste_cd": "m",
    "si_sdr": "dB",
    "si_sdri": "dB",
    "snr": "dB",
}
SYMBOLS = {"degrees": "°", "m": " m", "dB": " dB"}


def unit(score: str) -> str:
    """The unit of a score, '' for shares, rates and what has none."""
    return UNITS.get(score.rpartition("/")[2], "")


def symbol(score: str) -> str:
    """What follows a value of the score: " dB", "°", '' without a unit."""
    return SYMBOLS.get(unit(score), "")


def lower_is_better(score: str) -> bool:
    """Whether a lower value is the better one. A scorer's name before it ("dcase2024/f20") says
    nothing of that.

    Raises:
        UnknownName: no pattern knows the score.
    """
    name = score.rpartition("/")[2]
    if any(fnmatchcase(name, pattern) for pattern in LOWER):
        return True
    if any(fnmatchcase(name, pattern) for pattern in HIGHER):
        return False
    raise UnknownName(
        f"no direction known for the score {score!r}: add its name to HIGHER or LOWER in"
        " seldbench/evaluation/names.py"
    )
