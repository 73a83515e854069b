"""Things that ring: alarms, telephones, bells. Ranges of alarms and telephones from seldbench's
specification, E.6; bells of our design (partials of `impacts.BELL`)."""

from dataclasses import dataclass, replace

import numpy as np

from seldbench.simulation.dry.classes import AT
from seldbench.simulation.dry.turns import in_turns, turns
from seldbench.simulation.impacts import BELL, Alarm
from seldbench.simulation.signals import Array, Rng, between


def draw_alarm(character: float, rng: Rng) -> Alarm:
    """Beeps of one or more tones, or a siren: 600 to 3200 Hz, 1 to 8 beeps a second."""
    kind = "beeps" if rng.random() < 0.55 else "siren"
    lowest, highest, slow, fast = (600, 2100, 1, 8) if kind == "beeps" else (600, 1650, 0.3, 3)
    return replace(
        Alarm.draw(character, rng),
        kind=kind,
        pitch=between(lowest, highest, character),
        beat=between(slow, fast, rng.random()),
        at=AT,
    )


@dataclass(frozen=True)
class Telephone:
    """kind: "bell" (two gongs and a clapper), "warble" (two tones in quick turns) or "melody";
    pitch: hertz; trill: strikes or turns of the tones a second; on, off: seconds of
    the cadence."""

    kind: str
    pitch: float
    interval: float
    trill: float
    on: float
    off: float
    overtones: Array
    steps: Array

    @staticmethod
    def draw(character: float, rng: Rng) -> "Telephone":
        kind = str(rng.choice(["bell", "warble", "melody"], p=[0.4, 0.3, 0.3]))
        lowest, highest = {"bell": (800, 1700), "warble": (500, 1600), "melody": (400, 1100)}[kind]
        trills = {"bell": (16, 25), "warble": (12, 25), "melody": (4, 10)}[kind]
        return Telephone(
            kind=kind,
            pitch=between(lowest, highest, character),
            interval=float(rng.choice([1.12, 1.19, 1.25, 1.335])),
            trill=between(*trills, rng.random()),
            on=rng.uniform(1.0, 2.0),
            off=rng.uniform(1.0, 3.0),
            overtones=rng.uniform(0.3, 1.0) ** np.arange(6),
            steps=rng.choice([0, 2, 4, 5, 7, 9, 12], size=int(rng.integers(4, 12))),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        on, off = (self.on, self.on + 0.01), (self.off, self.off + 0.01)
        spans = turns(seconds, on, off, rng)
        ring = {"bell": self._bell, "warble": self._warble, "melody": self._melody}[self.kind]
        return in_turns(spans, seconds, ring, rng, spread=0.95)

    def _bell(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        wave = np.zeros(length)
        onsets = np.arange(0, max(seconds - 0.06, 0.01), 1 / self.trill)
        onsets = onsets + rng.uniform(0, 0.004, len(onsets))
        for k, pitch in enumerate((self.pitch, self.pitch * self.interval)):
            decays = 0.7 / np.sqrt(BELL)
            gong = AT.ring(rng, pitch * BELL, decays, np.array([1.0, 0.7, 0.6, 0.5, 0.3]))
            wave += AT.repeat(gong, onsets[k::2], rng.uniform(0.8, 1.0, len(onsets[k::2])), length)
        return AT.faded(wave, 0.001, 0.15)

    def _warble(self, seconds: float, rng: Rng) -> Array:
        length = AT.samples(seconds)
        turn = (np.arange(length) / AT.rate * self.trill).astype(int) % 2
        pitch = self.pitch * np.where(turn, self.interval, 1.0)
        return AT.faded(AT.harmonics(pitch, self.overtones, rng), 0.005, 0.01)

    def _melody(self, seconds: float, rng: Rng) -> Array:
        """The same tune in every ring."""
        place = np.arange(AT.samples(seconds)) / AT.rate * self.trill
        pitch = self.pitch * 2 ** (self.steps[place.astype(int) % len(self.steps)] / 12)
        tone = AT.harmonics(pitch, self.overtones, rng)
        return AT.faded(tone * np.exp(-1.5 * (place % 1)), 0.005, 0.02)


@dataclass(frozen=True)
class Bell:
    """A small bell: of a desk or a bicycle (single strokes) or of the hand (shaken). rate: strokes
    a second; ring: seconds to fall by 60 dB."""

    pitch: float
    partials: Array
    rate: float
    ring: float

    @staticmethod
    def draw(character: float, rng: Rng) -> "Bell":
        shaken = rng.random() < 0.5
        return Bell(
            pitch=between(700, 2600, character),
            partials=BELL * rng.uniform(0.97, 1.03, len(BELL)),
            rate=rng.uniform(3, 7) if shaken else rng.uniform(0.6, 2.0),
            ring=rng.uniform(0.6, 2.5),
        )

    def sound(self, seconds: float, rng: Rng) -> Array:
        length, last = AT.samples(seconds), max(seconds - 0.3, 0.0)
        onsets = np.linspace(0, last, max(1, round(last * self.rate) + 1))
        onsets[1:-1] += rng.normal(0, 0.08 / self.rate, max(len(onsets) - 2, 0))
        levels = np.array([1.0, 0.6, 0.5, 0.35, 0.25]) * rng.uniform(0.6, 1.2, len(BELL))
        decays = self.ring / np.sqrt(self.partials)
        wave = np.zeros(length)
        for k in range(2):  # the clapper meets either side
            stroke = AT.ring(rng, self.pitch * self.partials, decays, levels, longest=2.5)
            mine = np.clip(onsets[k::2], 0, last)
            wave += AT.repeat(stroke, mine, rng.uniform(0.6, 1.0, len(mine)), length)
        return AT.faded(wave, 0.0005, 0.1)
