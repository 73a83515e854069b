"""Tones: sustained, with a timbre and a way to move. Eight kinds."""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.signals import Array, Rng, Signals, between, curve, normal

PARTIALS = np.arange(1, 25)
TIMBRES = {
    "plain": PARTIALS**-3.0,
    "all": PARTIALS**-1.0,
    "odd": np.where(PARTIALS % 2, 1.0, 0.08) / PARTIALS,
    "bright": np.exp(-((PARTIALS - 5.0) ** 2) / 18),
}


@dataclass(frozen=True)
class Tone:
    """pitch: hertz, from and to. vibrato: (a second, relative depth); tremolo: (a second, depth);
    notes: a second, 0 for one long note; chord: semitones of further voices; detune: cents between
    two equal voices."""

    timbre: str
    pitch: tuple[float, float]
    vibrato: tuple[float, float] = (5.0, 0.003)
    tremolo: tuple[float, float] = (3.0, 0.05)
    notes: float = 0.0
    chord: tuple[int, ...] = ()
    detune: float = 0.0

    def sound(self, at: Signals, seconds: float, source: Rng, take: Rng) -> Array:
        """(samples,). source: draws the instrument, take: what it plays."""
        length = at.samples(seconds)
        base = between(*self.pitch, source.random())
        timbre = TIMBRES[self.timbre] * source.uniform(0.4, 1.0, len(PARTIALS))
        timbre = timbre ** source.uniform(0.8, 1.2)
        shake, swell = source.uniform(0.8, 1.25, 2)
        line = self._line(length / at.rate, length, source.uniform(0.8, 1.25), take)
        time = np.arange(length) / at.rate
        turn = 2 * np.pi * (self.vibrato[0] * shake * time + take.uniform())
        pitch = base * line * (1 + self.vibrato[1] * np.sin(turn))
        voices = [0.0, *self.chord, *([self.detune / 100] if self.detune else [])]
        wave = sum(at.harmonics(pitch * 2 ** (v / 12), timbre, take) for v in voices)
        beat = 2 * np.pi * (self.tremolo[0] * swell * time + take.uniform())
        wave = normal(np.asarray(wave)) * (1 + self.tremolo[1] * np.sin(beat))
        return at.faded(wave * (1 + 0.1 * at.drift(length, take, 2)), 0.04, 0.08)

    def _line(self, seconds: float, length: int, pace: float, rng: Rng) -> Array:
        """Pitch re the base: one note that drifts a little, or a tune in steps."""
        if not self.notes:
            return 1 + 0.01 * curve(length, rng.standard_normal(6))
        steps = rng.choice([0, 2, 4, 5, 7, 9, 12], size=int(seconds * self.notes * pace) + 2)
        index = np.arange(length) * self.notes * pace * seconds / length
        return 2 ** (steps[index.astype(int)] / 12)


TONES = {
    "flute_note": Tone("plain", (250, 1200)),
    "horn_note": Tone("bright", (120, 500)),
    "reed_tune": Tone("odd", (150, 600), notes=3.0),
    "whistled_tune": Tone("plain", (600, 2000), notes=3.0, vibrato=(6.0, 0.01)),
    "singing_saw": Tone("plain", (300, 1200), vibrato=(6.0, 0.05)),
    "organ_chord": Tone("all", (110, 350), chord=(4, 7, 12)),
    "beating_strings": Tone("all", (110, 400), detune=22.0),
    "tremolo_hum": Tone("odd", (90, 350), tremolo=(7.0, 0.9)),
}
