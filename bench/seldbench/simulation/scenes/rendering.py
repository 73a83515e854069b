"""From a scene's plan to what two arrays hear, and to the labels of what is to be heard.

Waves are (8, samples) float32 at 24 kHz: "foa" (W, Y, Z, X), then "mic" (`spatial`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.simulation.dry import RATE, DryBank, DrySource, active_level, activity
from seldbench.simulation.scenes.planning import GROUPS, ScenePlan, Sound
from seldbench.simulation.seeds import generator
from seldbench.simulation.spatial import (
    BLOCK,
    Bank,
    Colour,
    ambience,
    noise_gain,
    render_event,
    trajectory,
)

Array = np.ndarray
Rng = np.random.Generator

PEAK = 0.5  # of the targets together, in the loudest channel of both layouts
LOUDEST = 0.95  # of everything together
# Energy of the targets over that of the interferers, which are 4.8 dB below: as loud as one of
# three layers. The published generator means that, too, but divides the interferers' energy by
# itself, so that there it has no effect.
TARGET_TO_INTERFERERS = 3.0


@dataclass(frozen=True)
class Track:
    """When and from where a sound is to be heard.

    frames: (active,) its active label frames in the clip. azimuth, elevation: (active,) whole
    degrees; distance: (active,) metres, the actual ones. gain: of the dry sound.
    """

    sound: Sound
    frames: Array
    azimuth: Array
    elevation: Array
    distance: Array
    gain: float


@dataclass(frozen=True)
class Scene:
    """targets, interferers, noise: what the arrays hear of each, (8, samples), as loud as in the
    sum; tracks: of all sounds in the plan's order; gains: by what each was multiplied."""

    targets: Array
    interferers: Array
    noise: Array
    tracks: tuple[Track, ...]
    gains: dict[str, float]

    @property
    def wave(self) -> Array:
        return self.targets + self.interferers + self.noise


def render_scene(
    plan: ScenePlan, *, seed: int, dry: DryBank, bank: Bank, colour: Colour, name: str
) -> Scene:
    """The sound of one scene.

    Args:
        bank: of the plan's room; colour: of its noise. name: of the data set.
    """
    samples = plan.steps * BLOCK
    targets, interferers = (np.zeros((8, samples), dtype=np.float32) for _ in range(2))
    tracks = []
    for k, sound in enumerate(plan.sounds):
        rng = generator(seed, name, plan.split, plan.index, "sound", k)
        source = _source(sound, plan, dry)
        tracks.append(_add(targets if sound.target else interferers, sound, source, bank, rng))
    rng = generator(seed, name, plan.split, plan.index, "noise")
    noise = ambience(samples, rng, colour=colour)
    gains = _balanced(targets, interferers, noise, plan.snr)
    return Scene(targets, interferers, noise, tuple(tracks), gains)


def label_tracks(tracks: Sequence[Track]) -> list[tuple[int, Track]]:
    """The targets that are ever active, each with its number in the files: its person's, or else
    its place in the order of appearance."""
    heard = [track for track in tracks if track.sound.target and len(track.frames)]
    ordered = sorted(heard, key=lambda track: int(track.frames[0]))
    return [
        (k if track.sound.person is None else track.sound.person, track)
        for k, track in enumerate(ordered)
    ]


def _source(sound: Sound, plan: ScenePlan, dry: DryBank) -> DrySource:
    group = GROUPS[plan.split]
    of_label = (
        dry.sources(group, sound.label) if sound.target else dry.interferers(group)[sound.label]
    )
    return of_label[sound.source]


def _add(mixture: Array, sound: Sound, source: DrySource, bank: Bank, rng: Rng) -> Track:
    """Add what is heard of a sound to a mixture; what rings on after its end is cut."""
    wave = source.sound(sound.steps * BLOCK / RATE, rng)
    gain = 10 ** ((sound.level - active_level(wave)) / 20)
    course = sound.course
    path = trajectory(
        bank,
        course.azimuth,
        course.elevation,
        course.distance,
        blocks=sound.steps,
        speed=course.speed,
    )
    heard = render_event(wave * np.float32(gain), path, bank, rng)
    start = sound.onset * BLOCK
    room = mixture.shape[1] - start
    mixture[:, start : start + heard.shape[1]] += heard[:, :room]
    active = np.flatnonzero(activity(wave))
    azimuth, elevation = bank.angles(path[active])
    return Track(
        sound, sound.onset + active, azimuth, elevation, bank.distance(path[active]), float(gain)
    )


def _balanced(targets: Array, interferers: Array, noise: Array, snr: int) -> dict[str, float]:
    """Amplify the three, in place, to what the scene asks for; the gains."""
    gains = {"targets": PEAK / float(np.abs(targets).max())}
    targets *= np.float32(gains["targets"])
    if interferers.any():
        ratio = _energy(targets) / _energy(interferers)
        gains["interferers"] = float(np.sqrt(ratio / TARGET_TO_INTERFERERS))
        interferers *= np.float32(gains["interferers"])
    gains["noise"] = noise_gain(targets, noise, snr)
    noise *= np.float32(gains["noise"])
    peak = float(np.abs(targets + interferers + noise).max())
    gains["scene"] = min(1.0, LOUDEST / peak)
    if gains["scene"] < 1:
        for wave in (targets, interferers, noise):
            wave *= np.float32(gains["scene"])
    return gains


def _energy(wave: Array) -> float:
    return float(np.square(wave[0], dtype=np.float64).sum())
