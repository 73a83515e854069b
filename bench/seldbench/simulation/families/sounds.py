"""The classes by name, and their finished sounds."""

import numpy as np
from scipy.signal import butter, sosfilt

from seldbench.errors import UnknownName, near
from seldbench.simulation.bank import GROUPS
from seldbench.simulation.families import noises, struck, tones, voiced
from seldbench.simulation.families.regimes import REGIMES, Family
from seldbench.simulation.signals import DESED, Array, Rng
from seldbench.simulation.tagging.recording import through_device

FAMILIES: dict[str, Family] = {
    **tones.FAMILIES,
    **voiced.FAMILIES,
    **noises.FAMILIES,
    **struck.FAMILIES,
}
# "steady tone 1" to "animal chirp 5"; the numbers of a family rise with its leading parameter.
CLASSES = tuple(f"{family} {k + 1}" for family in FAMILIES for k in range(REGIMES))
# Twelve classes of twelve families, chosen so that average spectra do not tell all of them apart.
SMALL = (
    "steady tone 5",
    "swept tone 4",
    "frequency-modulated tone 4",
    "blown tube 5",
    "sung vowel 1",
    "speech 2",
    "animal chirp 2",
    "band noise 4",
    "crackle 5",
    "periodic machine 3",
    "metal impact 4",
    "wood impact 1",
)
PEAK = 0.99
SECONDS = (0.8, 4.112)  # of a sound as it is made, from and to
_FRAME = 320  # samples
# dB re the loudest frame; fading takes up to 10 dB of what a frame at an end had.
_FAINT = -30.0
_HIGH_PASS = butter(2, 20, "highpass", fs=DESED.rate, output="sos")


def sound(label: str, rng: Rng, group: str) -> Array:
    """A dry sound of a class.

    Args:
        group: "train", "validation" or "test"; no two groups share a leading parameter.

    Returns:
        (samples,) float32 at 16 kHz, 0.3 to 4.112 s, peak 0.99, sounding in its first and last
        20 ms (within 45 dB of its loudest). A function of the label, the group and `rng`'s state.

    Raises:
        UnknownName: no such class or group.
    """
    if label not in CLASSES:
        raise UnknownName(
            f"no class named {label!r}{near(label, CLASSES)}; families.CLASSES has all"
        )
    if group not in GROUPS:
        raise UnknownName(f"no group {group!r}{near(group, GROUPS)}; there are {GROUPS}")
    family, number = label.rsplit(" ", 1)
    seconds = float(rng.uniform(*SECONDS))
    wave = FAMILIES[family].sound(int(number) - 1, seconds, group, rng)
    return finished(through_device(wave, DESED, rng))


def finished(wave: Array) -> Array:
    """Without direct current and without faint ends, peak 0.99, float32."""
    wave = sosfilt(_HIGH_PASS, wave)
    level = np.square(wave[: len(wave) // _FRAME * _FRAME].reshape(-1, _FRAME)).mean(axis=1)
    heard = np.flatnonzero(level > level.max() * 10 ** (_FAINT / 10))
    wave = wave[heard[0] * _FRAME : (heard[-1] + 1) * _FRAME]
    wave = DESED.faded(wave, 0.0005, 0.003)
    return (wave * (PEAK / np.abs(wave).max())).astype(np.float32)
