"""`speech_commands_v2-sim`: words of up to a second at 16 kHz in the layout of Speech Commands.

    root/speech_commands_v2-sim/speech_commands_v0.02/<word>/<speaker>_nohash_<n>.wav
    .../validation_list.txt, testing_list.txt    a tenth of the speakers each
    .../_background_noise_/*.wav                 six long recordings of noise

A speaker is a vocal tract, a pitch, a pace and a voice; no speaker is in two splits.
"""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np

from seldbench.simulation.backgrounds import Background
from seldbench.simulation.seeds import digest, generator
from seldbench.simulation.signals import DESED, Array, Rng, normal
from seldbench.simulation.tagging.making import Content, Kind, simulate_tags
from seldbench.simulation.tagging.recording import recorded
from seldbench.simulation.tagging.words import WORDS, say
from seldbench.simulation.voices import Speaker

RATE = 16_000
FOLDER = "speech_commands_v0.02"
NOISE = "_background_noise_"
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
HELD_OUT = 0.1  # of the speakers, in each list
SHORT = 0.1  # of the clips are shorter than a second, as in the real set
# Words, speakers, files of a word by a speaker, seconds of each noise.
SIZES = {"tiny": (10, 20, 1, 5.0), "small": (35, 60, 1, 20.0), "full": (35, 1000, 3, 60.0)}
NOISES = ("room_0", "room_1", "room_2", "room_3", "room_4", "white_noise")


@dataclass(frozen=True)
class WordPlan:
    """A file of a word."""

    word: str
    speaker: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.word}/{self.speaker}_nohash_{self.number}.wav"

    @property
    def file(self) -> str:
        return self.name


@dataclass(frozen=True)
class NoisePlan:
    """A file of noise. place: its number among the noises."""

    place: int
    seconds: float

    @property
    def file(self) -> str:
        return f"{NOISE}/{NOISES[self.place]}.wav"


def plan(scale: str, seed: int) -> Content:
    words, people, each, seconds = SIZES[scale]
    classes = tuple(sorted(WORDS)[k * len(WORDS) // words] for k in range(words))
    speakers = [digest(seed, "speaker", k).hex()[:8] for k in range(people)]
    plans = [WordPlan(w, s, k) for w in classes for s in speakers for k in range(each)]
    split = _splits(speakers)
    lists = {
        name: "".join(f"{p.name}\n" for p in plans if split[p.speaker] == of)
        for of, name in LISTS.items()
    }
    counts = {of: sum(split[p.speaker] == of for p in plans) for of in ("train", "valid", "test")}
    noises = [NoisePlan(k, seconds) for k in range(len(NOISES))]
    return Content([*plans, *noises], lists, classes, classes, counts)


def _splits(speakers: list[str]) -> dict[str, str]:
    """{speaker: split}: in the order of their hashes a tenth validates, the next tenth tests."""
    ordered = sorted(speakers, key=lambda name: sha256(name.encode()).hexdigest())
    held = max(round(HELD_OUT * len(speakers)), 1)
    kinds = ["valid"] * held + ["test"] * held + ["train"] * (len(speakers) - 2 * held)
    return dict(zip(ordered, kinds))


def render(plan: WordPlan | NoisePlan, seed: int) -> Array:
    if isinstance(plan, NoisePlan):
        return _noise(plan, generator(seed, "speech", "noise", plan.place))
    of_speaker = generator(seed, "speech", "speaker", plan.speaker)
    speaker = Speaker.draw(float(of_speaker.random()), of_speaker)
    rng = generator(seed, "speech", "clip", plan.word, plan.speaker, plan.number)
    seconds = rng.uniform(0.5, 0.98) if rng.random() < SHORT else 1.0
    return recorded(say(plan.word, speaker, 0.95 * seconds, rng), DESED, seconds, rng)


def _noise(plan: NoisePlan, rng: Rng) -> Array:
    """The last is white, the others are rooms."""
    length = DESED.samples(plan.seconds)
    if plan.place == len(NOISES) - 1:
        return 0.05 * rng.standard_normal(length)
    place = Background.draw(plan.place / len(NOISES), rng)
    return np.clip(0.05 * normal(place.sound(plan.seconds, rng)[:length]), -1, 1)


SPEECH_COMMANDS = Kind("speech_commands_v2-sim", FOLDER, RATE, ".txt", plan, render)
simulate_speech_commands = partial(simulate_tags, SPEECH_COMMANDS)
