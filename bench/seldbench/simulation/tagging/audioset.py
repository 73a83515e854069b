"""`audioset-sim`: clips of 10 s with one to four sounds, in AudioSet's layout.

    root/audioset-sim/audioset/class_labels_indices.csv      19 of AudioSet's classes
    .../balanced_train_data.json, unbalanced_train_data.json, eval_data.json
    .../audio/<split>/Ysim....wav                            16 kHz

The balanced list has its classes about equally often; in the others some are ten times as frequent
as others. Sources of test clips occur in no training clip. A clip's sounds overlap, each from its
own place in one room.
"""

import csv
import json
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from typing import Any

import numpy as np
from scipy.signal import fftconvolve

from seldbench.simulation.backgrounds import Background
from seldbench.simulation.bank import DRAW, character
from seldbench.simulation.devices import Device
from seldbench.simulation.others import KINDS, Confuser
from seldbench.simulation.rooms import Room
from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import DESED, Array, Rng, between, normal
from seldbench.simulation.tagging.making import Content, Kind, simulate_tags

RATE = 16_000
SECONDS = 10.0
LABELS = "class_labels_indices.csv"
INDICES = {
    "train/balanced": "balanced_train_data.json",
    "train/unbalanced": "unbalanced_train_data.json",
    "test": "eval_data.json",
}
# Clips of each split. The full scale is a tenth of the balanced set, and far less of the other.
SIZES = {"tiny": (40, 80, 40), "small": (400, 1200, 300), "full": (2200, 10_000, 2000)}
POOL = 48  # sources of a class in a group
# Of AudioSet's ontology: (mid, display name) by the source that sounds like it.
ONTOLOGY = {
    "Speech": ("/m/09x0r", "Speech"),
    "footsteps": ("/m/07pbtc8", "Walk, footsteps"),
    "Dog": ("/m/0bt9lr", "Dog"),
    "Cat": ("/m/01yrx", "Cat"),
    "bird": ("/m/015p6", "Bird"),
    "chords": ("/m/04rlf", "Music"),
    "rain": ("/m/06mb1", "Rain"),
    "car": ("/t/dd00134", "Car passing by"),
    "knock": ("/m/07r4wb8", "Knock"),
    "Dishes": ("/m/04brg2", "Dishes, pots, and pans"),
    "Frying": ("/m/0dxrf", "Frying (food)"),
    "Blender": ("/m/02pjr4", "Blender"),
    "Running_water": ("/m/02jz0l", "Water tap, faucet"),
    "hair_dryer": ("/m/03wvsk", "Hair dryer"),
    "Electric_shaver_toothbrush": ("/m/04fgwm", "Electric toothbrush"),
    "Vacuum_cleaner": ("/m/0d31p", "Vacuum cleaner"),
    "keyboard": ("/m/01m2v", "Computer keyboard"),
    "Alarm_bell_ringing": ("/m/07pp_mv", "Alarm"),
    "phone": ("/m/01hnzm", "Ringtone"),
}
FREQUENT = {"Speech": 10.0, "chords": 10.0, "car": 4.0, "Dog": 3.0, "bird": 3.0}  # re the others
MANY = (0.35, 0.35, 0.2, 0.1)  # shares of clips with one to four labels
SNR = (-3.0, 25.0)  # dB of a sound while it lasts, re the background
PEAK = (-20.0, -1.0)  # dB re full scale, of the clip


@dataclass(frozen=True)
class ScenePlan:
    """number: of the clip among those of all splits, for its name. kinds: the sources that sound,
    keys of ONTOLOGY."""

    split: str
    index: int
    number: int
    kinds: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"audio/{self.split.replace('/', '_')}/Ysim{self.number:06d}_0.000.wav"


def plan(scale: str, seed: int) -> Content:
    plans: list[ScenePlan] = []
    for split, clips in zip(INDICES, SIZES[scale]):
        first = len(plans)
        plans += [ScenePlan(split, k, first + k, _kinds(split, k, seed)) for k in range(clips)]
    names = tuple(name for _, name in ONTOLOGY.values())
    tested = {kind for p in plans if p.split == "test" for kind in p.kinds}
    return Content(
        plans,
        {LABELS: _labels(), **{INDICES[split]: _index(plans, split) for split in INDICES}},
        names,
        tuple(ONTOLOGY[kind][1] for kind in ONTOLOGY if kind in tested),
        dict(zip(INDICES, SIZES[scale])),
    )


def _kinds(split: str, index: int, seed: int) -> tuple[str, ...]:
    """A clip's sounds. Of the balanced list every class is the first of its turn."""
    rng = generator(seed, "audioset", "labels", split, index)
    known = list(ONTOLOGY)
    balanced = split == "train/balanced"
    weights = np.array([1.0 if balanced else FREQUENT.get(kind, 1.0) for kind in known])
    count = 1 + int(rng.choice(len(MANY), p=MANY))
    chosen = [known[k] for k in rng.choice(len(known), count, False, weights / weights.sum())]
    if balanced:
        first = known[index % len(known)]
        chosen = [first, *(kind for kind in chosen if kind != first)][:count]
    return tuple(chosen)


def _labels() -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "mid", "display_name"])
    writer.writerows((k, *names) for k, names in enumerate(ONTOLOGY.values()))
    return text.getvalue()


def _index(plans: list[ScenePlan], split: str) -> str:
    entries = [
        {"wav": p.file, "labels": ",".join(ONTOLOGY[kind][0] for kind in p.kinds)}
        for p in plans
        if p.split == split
    ]
    return json.dumps({"data": entries}, indent=1) + "\n"


def render(plan: ScenePlan, seed: int) -> Array:
    rng = generator(seed, "audioset", "clip", plan.split, plan.index)
    group = "test" if plan.split == "test" else "train"
    length = DESED.samples(SECONDS)
    mixture = normal(Background.draw(character(group, rng), rng).sound(SECONDS, rng)[:length])
    room = Room.draw(character(group, rng), rng)
    for kind in plan.kinds:
        seconds = between(1.0, SECONDS, rng.random())
        wave = normal(_source(kind, group, seed, rng).sound(seconds, rng))
        start = int(rng.integers(max(length - len(wave), 0) + 1))
        dry = np.zeros(length)
        dry[start : start + len(wave)] = wave[: length - start]
        wet = fftconvolve(dry, room.response(room.place(rng), rng)[:RATE])[:length]
        mixture = mixture + wet * 10 ** (rng.uniform(*SNR) / 20)
    mixture = Device.draw(rng).record(mixture)
    return mixture / np.abs(mixture).max() * 10 ** (rng.uniform(*PEAK) / 20)


def _source(kind: str, group: str, seed: int, rng: Rng) -> Any:
    """One of the group's sources of a kind, drawn anew from its own generator."""
    own = generator(seed, "audioset", "source", group, kind, int(rng.integers(POOL)))
    place = character(group, own)
    if kind in KINDS:
        return Confuser.draw(kind, place, own)
    return replace(DRAW[kind](place, own), at=DESED)  # type: ignore[type-var]


AUDIOSET = Kind("audioset-sim", "audioset", RATE, ".json", plan, render)
simulate_audioset = partial(simulate_tags, AUDIOSET)
