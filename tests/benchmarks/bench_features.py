"""Features of one-minute wav files, beside the official extractors.

    python tests/benchmarks/bench_features.py [--files 4] [--repeats 5] [--threads 2]
        [--dcase CHECKOUT] [--salsa CHECKOUT] [--python INTERPRETER] [--official-repeats 2]

CHECKOUT: sharathadavanne/seld-dcase2022 and thomeou/SALSA. INTERPRETER: a Python with what they
need (see official_features.py). The features at 16 kHz (fbank_ast, logmel_desed) are measured
alone: theirs came with torchaudio. Every feature runs in a process of its own; ours on the way that
windows and fits take (files read block by block, spectra of whole clips, decibels; no
standardisation, which the official code does apart). Printed: how many times faster than real
time, by the wall's clock and in processor time (which a busy machine does not spoil, with one
thread), the fastest repeat; memory above what the libraries take once loaded; the largest
difference in decibels and in directions, and how many directions differ by more than a hundredth:
whole turns of a phase, and what follows from the beginning of SALSA's noise floors. The first and
last three frames are left out: since 0.10 librosa pads zeros, and SALSA joins a file's ends.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

if TYPE_CHECKING:
    from seldbench.windows import Windowing

RATE, SECONDS = 24000, 60
FEATURES = {
    "iv_dcase2022": {"top_db": 80.0, "standardise": "none"},
    "gcc_phat": {"top_db": 80.0, "standardise": "none"},
    "salsa_lite": {"standardise": "none"},
    "salsa": {"standardise": "none"},
    "logmel_desed": {},
    "fbank_ast": {},
}
ALONE = ("logmel_desed", "fbank_ast")


def make_recordings(folder: Path, files: int) -> None:
    """Noise bursts of random directions over ambience, as FOA; "mic" hears them with delays, and
    "mono" is its first microphone, said to be at 16 kHz."""
    draw = np.random.default_rng(0)
    for layout in ("foa", "mic", "mono"):
        (folder / f"{layout}_dev").mkdir()
    for number in range(files):
        scene = {name: 0.002 * draw.normal(size=(4, RATE * SECONDS)) for name in ("foa", "mic")}
        for _ in range(40):
            length = draw.integers(RATE // 4, 4 * RATE)
            start = draw.integers(0, RATE * SECONDS - length)
            burst = np.cumsum(draw.normal(size=length)) * np.hanning(length)
            burst *= draw.uniform(0.01, 0.1) / np.abs(burst).max()
            burst += np.diff(burst, prepend=0.0) * 20
            doa = draw.normal(size=3)
            doa /= np.linalg.norm(doa)
            scene["foa"][:, start : start + length] += np.array([1.0, *doa])[:, None] * burst
            for mic, delay in enumerate(draw.integers(0, 5, 4)):
                scene["mic"][mic, start : start + length] += np.roll(burst, delay)
        for name, waves in scene.items():
            path = folder / f"{name}_dev" / f"clip{number}.wav"
            soundfile.write(path, np.clip(waves.T, -0.99, 0.99), RATE, subtype="PCM_16")
        mono = np.clip(scene["mic"][0, : 16000 * SECONDS], -0.99, 0.99)
        soundfile.write(folder / "mono_dev" / f"clip{number}.wav", mono, 16000, subtype="PCM_16")


def ours(name: str, folder: Path, threads: int, repeats: int) -> dict[str, float]:
    """Extract every file into a .npy file."""
    import torch

    from seldbench import registry
    from seldbench.windows import Windowing

    torch.set_num_threads(threads)
    features = registry.find("features", name)(**FEATURES[name])
    windowing = Windowing(features, 5.0, 0.1)
    paths = sorted((folder / f"{features.layout}_dev").glob("*.wav"))
    before = peak()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        for path in paths:
            np.save(folder / f"{path.stem}.ours.npy", extracted(path, windowing))
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return {"wall": min(walls), "processor": min(processors), "before": before, "peak": peak()}


def extracted(path: Path, windowing: Windowing) -> np.ndarray:
    """(channels, frames, bins)."""
    import torch

    from seldbench.audio import AudioFile
    from seldbench.contracts import Clip

    features, recording = windowing.features, AudioFile(path)
    clip = Clip(path.stem, recording.duration, {features.layout: recording})
    with torch.inference_mode():
        spectrum = windowing.whole_spectrum(clip)
        return features.finish(spectrum, features.statistic(spectrum))[0].numpy()


def peak() -> float:
    """Mebibytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compared(name: str, folder: Path) -> str:
    """The largest differences of the two, of the last repeat's files."""
    largest, directions, astray, bins = 0.0, 0.0, 0, 0
    for path in sorted(folder.glob("*.ours.npy")):
        mine = np.load(path)
        theirs = official_array(name, folder, path.name.split(".")[0], len(mine))
        apart = np.abs(mine - theirs[:, : mine.shape[1]])[:, 3:-3]
        close = apart[4:] < 0.01
        largest, astray = max(largest, apart[:4].max()), astray + int((~close).sum())
        directions, bins = max(directions, apart[4:][close].max()), bins + close.size
    return f"differences {largest:.1e} dB, {directions:.1e}; {astray} of {bins} directions apart"


def official_array(name: str, folder: Path, clip: str, channels: int) -> np.ndarray:
    """(channels, frames, bins)."""
    array = np.load(folder / f"{clip}.npy")
    return array if array.ndim == 3 else array.reshape(len(array), channels, -1).transpose(1, 0, 2)


def told(command: list[str]) -> dict[str, float]:
    """The JSON that a subprocess prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def official(name: str, folder: Path, given: argparse.Namespace) -> dict[str, float] | None:
    """None where its checkout or interpreter is not given."""
    checkout = given.salsa if name == "salsa" else given.dcase
    if checkout is None or given.python is None:
        return None
    script = str(Path(__file__).with_name("official_features.py"))
    how = [str(given.threads), str(given.official_repeats)]
    return told([str(given.python), script, str(checkout.resolve()), name, str(folder), *how])


def line(who: str, found: dict[str, float], audio: float) -> str:
    wall, processor = audio / found["wall"], audio / found["processor"]
    memory = found["peak"] - found["before"]
    return f"  {who:9} {wall:8.1f}x real time {processor:8.1f}x {memory:7.1f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--official-repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dcase", type=Path)
    parser.add_argument("--salsa", type=Path)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--only", choices=list(FEATURES))
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ours:
        print(json.dumps(ours(given.only, given.ours, given.threads, given.repeats)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_recordings(folder, given.files)
        for name in [given.only] if given.only else FEATURES:
            print(name)
            me = [sys.executable, __file__, "--only", name, "--ours", str(folder)]
            me += ["--threads", str(given.threads), "--repeats", str(given.repeats)]
            mine = told(me)
            print(line("seldbench", mine, given.files * SECONDS), flush=True)
            if name in ALONE:
                continue
            theirs = official(name, folder, given)
            if theirs is None:
                print("  official: not run; give --python, and --dcase or --salsa, a checkout")
                continue
            print(line("official", theirs, given.files * SECONDS))
            faster = [theirs[clock] / mine[clock] for clock in ("wall", "processor")]
            print("  {:.1f} times as fast, {:.1f} in processor time".format(*faster), flush=True)
            print(f"  {compared(name, folder)}", flush=True)


if __name__ == "__main__":
    main()
