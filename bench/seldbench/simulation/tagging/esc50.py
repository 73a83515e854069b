"""`esc50-sim`: clips of 5 s at 44.1 kHz in ESC-50's layout.

    root/esc50-sim/ESC-50-master/meta/esc50.csv
    root/esc50-sim/ESC-50-master/audio/{fold}-{source}-{take}-{target}.wav

Each class has as many clips in one fold as in another, give or take one; one to four takes of a
source, all in one fold. A set of few classes has its own targets, from 0.
"""

from dataclasses import dataclass
from functools import partial

from seldbench.simulation.seeds import generator
from seldbench.simulation.signals import Array, Signals
from seldbench.simulation.tagging.families import some_classes, sound
from seldbench.simulation.tagging.making import Content, Kind, simulate_tags
from seldbench.simulation.tagging.recording import recorded

RATE = 44_100
AT = Signals(RATE)
SECONDS = 5.0
SHORTEST = 2.0  # of the sound in a clip
FOLDS = 5
TAKES = "ABCD"
SIZES = {"tiny": (10, 8), "small": (20, 20), "full": (50, 40)}  # classes, clips of each
_FIRST_SOURCE = 100_000


@dataclass(frozen=True)
class EscPlan:
    """fold: 1 to 5. source: the number in the name; take: one of TAKES."""

    label: str
    target: int
    fold: int
    source: int
    take: str

    @property
    def name(self) -> str:
        return f"{self.fold}-{self.source}-{self.take}-{self.target}.wav"

    @property
    def file(self) -> str:
        return f"audio/{self.name}"


def plan(scale: str, seed: int) -> Content:
    count, each = SIZES[scale]
    classes = some_classes(count)
    plans: list[EscPlan] = []
    source = _FIRST_SOURCE
    for target, label in enumerate(classes):
        rng = generator(seed, "esc50", "takes", label)
        for fold in range(1, FOLDS + 1):
            # Clips that do not divide by the folds go to other folds in the next class.
            left = (each + (fold - 1 + target) % FOLDS) // FOLDS
            while left:
                takes = min(int(rng.integers(1, len(TAKES) + 1)), left)
                plans += [EscPlan(label, target, fold, source, take) for take in TAKES[:takes]]
                left -= takes
                source += 1
    return Content(plans, {"meta/esc50.csv": _table(plans)}, classes, classes, {"test": len(plans)})


def _table(plans: list[EscPlan]) -> str:
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for p in sorted(plans, key=lambda p: p.name):
        lines.append(f"{p.name},{p.fold},{p.target},{p.label},False,{p.source},{p.take}")
    return "\n".join(lines) + "\n"


def render(plan: EscPlan, seed: int) -> Array:
    source = generator(seed, "esc50", "source", plan.source)
    take = generator(seed, "esc50", "take", plan.source, plan.take)
    dry = sound(plan.label, AT, take.uniform(SHORTEST, SECONDS), source, take)
    return recorded(dry, AT, SECONDS, take)


ESC50 = Kind("esc50-sim", "ESC-50-master", RATE, ".csv", plan, render)
simulate_esc50 = partial(simulate_tags, ESC50)
