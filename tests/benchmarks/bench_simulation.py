"""How fast spatial scenes are made, in times real time on one core, part by part in one run.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_simulation.py [--repeats 5] [--rt60 0.6] \
        [--profile]

Parts: positions of a bank (and what a full one takes); events of 10 s, still and moving; ambience
of a minute; and a scene: a minute with 160 s of events, half of them moving, ambience at a set SNR,
four + four channels. Best of several, and the peak of memory. `--profile` adds where a scene's time
goes.
"""

import argparse
import cProfile
import pstats
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from seldbench.simulation.spatial import (
    BLOCK,
    FULL,
    MINI,
    RATE,
    Bank,
    Colour,
    Room,
    ambience,
    noise_gain,
    render_event,
    trajectory,
)
from seldbench.simulation.spatial.early import early_responses

SECONDS, EVENT, EVENTS = 60, 10, 16


def best(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scene(bank, dry, rng):
    """A minute: overlapping events of 10 s, every second one moving."""
    mixture = np.zeros((8, SECONDS * RATE), dtype=np.float32)
    for k in range(EVENTS):
        onset = k * (SECONDS - EVENT) // EVENTS * RATE
        speed = 0.0 if k % 2 else (10.0, 20.0, -40.0, -10.0)[k // 2 % 4]
        path = trajectory(bank, 20.0 * k, 0.0, 1.5, blocks=len(dry) // BLOCK, speed=speed)
        heard = render_event(dry, path, bank, rng)
        end = min(onset + heard.shape[1], mixture.shape[1])
        mixture[:, onset:end] += heard[:, : end - onset]
    noise = ambience(mixture.shape[1], rng, colour=Colour.draw(rng))
    mixture += noise * np.float32(noise_gain(mixture, noise, 20.0))
    return mixture


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rt60", type=float, default=0.6)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    room = Room((7.0, 5.0, 3.0), (3.0, 2.5, 1.4), arguments.rt60)
    rng = np.random.default_rng(0)
    dry = rng.standard_normal(EVENT * RATE).astype(np.float32)
    print(f"a room of {room.size} m, RT60 {room.rt60} s; {peak():.0f} MiB to begin with")

    places = room.array + 1.5 * FULL.doa(np.arange(0, 512, 8)) * 0.7
    early_responses(room, places[:8])
    each = best(lambda: early_responses(room, places[:8]), 4 * arguments.repeats) / 8
    full = np.prod(FULL.shape)
    print(f"bank: {1e3 * each:.2f} ms a position; a full one of {full}: {each * full:.0f} s")

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        bank = Bank.open(room, cache=Path(folder), grid=MINI)
        seconds = time.perf_counter() - start
        print(f"bank of {len(bank)}: {seconds:.2f} s; {peak():.0f} MiB")
        still = trajectory(bank, 0.0, 0.0, 1.5, blocks=EVENT * 10)
        moving = trajectory(bank, 0.0, 0.0, 1.5, blocks=EVENT * 10, speed=20.0)
        parts = {
            "event, still": (EVENT, lambda: render_event(dry, still, bank, rng)),
            "event, moving": (EVENT, lambda: render_event(dry, moving, bank, rng)),
            "ambience": (
                SECONDS,
                lambda: ambience(SECONDS * RATE, rng, colour=Colour(4.0, -20.0)),
            ),
            "scene": (SECONDS, lambda: scene(bank, dry, rng)),
        }
        for name, (length, part) in parts.items():
            seconds = best(part, arguments.repeats)
            print(f"{name:14} {length / seconds:7.1f} times real time; peak {peak():.0f} MiB")
        if arguments.profile:
            profile = cProfile.Profile()
            profile.runcall(scene, bank, dry, rng)
            pstats.Stats(profile).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
