"""How fast whole simulated scenes are made, from plan to files, on one core: a Markdown table.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_scenes.py [--set tnsse2021-sim] [--scenes 5]

One-minute scenes of four + four channels of a full-size set: seconds a scene of every part, its
share and how many times real time the whole is; before, what a room's responses take once. A first
scene, which fills caches, does not count. Means over scenes, so run it when the machine is quiet.
"""

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from seldbench.simulation.dry import builtin_bank
from seldbench.simulation.dry.bank import BuiltinSource
from seldbench.simulation.scenes import STARSS23, TNSSE2021, files, rendering
from seldbench.simulation.scenes.files import write_scene
from seldbench.simulation.scenes.options import checked_options, scale_named
from seldbench.simulation.scenes.rendering import render_scene
from seldbench.simulation.scenes.simulating import open_job, plan_all

PARTS = {
    "dry sounds": (BuiltinSource, ["sound"]),
    "activity, level": (rendering, ["activity", "active_level"]),
    "events in the room": (rendering, ["render_event"]),
    "ambience": (rendering, ["ambience"]),
    "balance": (rendering, ["_balanced"]),
    "wav files": (files, ["write_bytes"]),
    "metadata": (files, ["write_directions", "table_of"]),
}


def watch(spent):
    """Add what the functions of every part take to `spent`."""
    for part, (owner, names) in PARTS.items():
        for name in names:
            setattr(owner, name, timed(getattr(owner, name), part, spent))


def timed(function, part, spent):
    def call(*given, **named):
        start = time.perf_counter()
        result = function(*given, **named)
        spent[part] += time.perf_counter() - start
        return result

    return call


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default=TNSSE2021.name, choices=[TNSSE2021.name, STARSS23.name])
    parser.add_argument("--scenes", type=int, default=5)
    given = parser.parse_args()
    kind = {kind.name: kind for kind in (TNSSE2021, STARSS23)}[given.set]
    size = replace(scale_named("full"), clips=(given.scenes + 1, 1, 1))
    none = dict.fromkeys(("rooms", "moving", "snr", "overlap"))
    options = replace(checked_options(scale_named("full"), **none, interferers=True), rooms=3)
    with tempfile.TemporaryDirectory() as folder:
        job = open_job(Path(folder), kind, size, options, 0, builtin_bank(kind.classes, 0))
        start = time.perf_counter()
        bank = job.bank(0)
        print(f"{len(bank)} responses of a room: {time.perf_counter() - start:.1f} s, once")
        measure(job, bank, [p for p in plan_all(job, size, options) if p.split == "train"])
        start = time.perf_counter()
        plan_all(job, size, options)
        print(f"\nplanning: {(time.perf_counter() - start) / sum(size.clips):.4f} s a scene")


def measure(job, bank, plans):
    spent = defaultdict(float)
    watch(spent)
    place = job.places[0]
    for k, plan in enumerate(plans):
        if k == 1:
            spent.clear()
            start = time.perf_counter()
        facts = {"seed": 0, "dry": job.dry, "bank": bank, "colour": place.colour}
        scene = render_scene(plan, **facts, name=job.kind.name)
        write_scene(job.folder, job.kind, place.hall, plan, scene)
    whole = time.perf_counter() - start
    spent["rest"] = whole - sum(spent.values())
    scenes = len(plans) - 1
    print("\n| part | s a scene | share |\n|---|---|---|")
    for part, seconds in spent.items():
        print(f"| {part} | {seconds / scenes:.3f} | {seconds / whole:.0%} |")
    print(f"| whole | {whole / scenes:.3f} | 100% |")
    sounds = sum(len(plan.sounds) for plan in plans[1:]) / scenes
    seconds = sum(sound.steps for plan in plans[1:] for sound in plan.sounds) / 10 / scenes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{60 * scenes / whole:.1f} times real time; {sounds:.0f} sounds of {seconds:.0f} s")
    print(f"in all a scene; peak memory {peak:.0f} MiB, mapped responses included")


if __name__ == "__main__":
    main()
