"""What is struck or plucked: metal, wood, strings, bells. Sums of damped modes."""

import numpy as np

from seldbench.simulation.families.regimes import Family, Parameter
from seldbench.simulation.impacts import BELL
from seldbench.simulation.signals import DESED, Array, Rng, between, noise, normal
from seldbench.simulation.tagging.impacts import BAR, PLATE, ROD


def metal(pitch: float, decay: float, seconds: float, rng: Rng) -> Array:
    """Blows on a bar or a plate. pitch: of the lowest mode, hertz; decay: of it, seconds."""
    ratios = np.array(BAR if rng.random() < 0.5 else PLATE)
    ratios = ratios * (1 + 0.02 * rng.standard_normal(len(ratios)))
    decays = decay * ratios ** -rng.uniform(0.2, 0.6)
    levels = rng.uniform(0.3, 1.0, len(ratios)) * ratios**-0.3
    hit = _with_click(DESED.ring(rng, pitch * ratios, decays, levels), 0.1, rng)
    return _blows(hit, rng.uniform(1.0, 3.0), seconds, rng)


def wood(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """Short knocks, `rate` a second. pitch: of the lowest mode, hertz."""
    ratios = np.array(ROD) * (1 + 0.02 * rng.standard_normal(len(ROD)))
    decays = between(0.06, 0.16, rng.random()) * ratios**-0.5
    levels = rng.uniform(0.3, 1.0, len(ratios)) * ratios**-0.7
    hit = _with_click(DESED.ring(rng, pitch * ratios, decays, levels), 0.4, rng)
    return _blows(hit, rate, seconds, rng)


def string(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """One string plucked `rate` times a second, at a place of its own."""
    k = np.arange(1, min(40, int(DESED.top / pitch)) + 1)
    partials = pitch * k * np.sqrt(1 + between(5e-5, 5e-4, rng.random()) * k**2)
    decays = between(0.8, 2.5, rng.random()) / (1 + 0.2 * k)
    levels = np.abs(np.sin(np.pi * k * rng.uniform(0.1, 0.35))) * k ** -rng.uniform(0.7, 1.3)
    hit = _with_click(DESED.ring(rng, partials, decays, levels), 0.05, rng)
    return _blows(hit, rate, seconds, rng)


def bell(pitch: float, rate: float, seconds: float, rng: Rng) -> Array:
    """A bell that trills, `rate` strokes a second."""
    partials = pitch * BELL * (1 + 0.01 * rng.standard_normal(len(BELL)))
    decays = between(0.3, 1.2, rng.random()) / np.sqrt(BELL)
    levels = np.array([1.0, 0.7, 0.6, 0.5, 0.3]) * rng.uniform(0.5, 1.2, len(BELL))
    hit = _with_click(DESED.ring(rng, partials, decays, levels), 0.05, rng)
    return _blows(hit, rate, seconds, rng)


def _with_click(hit: Array, level: float, rng: Rng) -> Array:
    """The short noise of the contact, re the tone."""
    span = between(0.001, 0.005, rng.random()) * DESED.rate
    click = normal(noise(len(hit), rng) * np.exp(-np.arange(len(hit)) / span))
    return normal(hit) + level * click


def _blows(hit: Array, rate: float, seconds: float, rng: Rng) -> Array:
    """A hit again and again, not quite evenly: the first at once, the last before the end."""
    last = max(seconds - 0.25, seconds / 2)
    onsets = np.linspace(0, last, max(round(last * rate), 1) + 1)
    onsets[1:-1] += rng.normal(0, 0.05 / rate, len(onsets) - 2)
    gains = rng.uniform(0.5, 1.0, len(onsets))
    wave = DESED.repeat(hit, np.clip(onsets, 0, last), gains, DESED.samples(seconds))
    return DESED.faded(wave, 0.0005, 0.05)


FAMILIES = {
    "metal impact": Family(Parameter(250, 2200), Parameter(0.15, 1.5), metal),
    "wood impact": Family(Parameter(130, 1300), Parameter(1.5, 10.0), wood),
    "plucked string": Family(Parameter(75, 600), Parameter(1.2, 8.0), string),
    "bell": Family(Parameter(600, 3000), Parameter(3, 25), bell),
}
