"""What hearing one minute costs besides the network: M2M-AST's halves, 3 s windows half a second
apart, 16 rotations of Ambisonics or four microphones.

    python tests/benchmarks/bench_listening.py [--size tiny] [--blocks 2] [--seconds 60] [--hop 0.5]
        [--repeats 3] [--threads 1] [--device cpu]

Side by side in one run, the fastest repeat of each, by the wall's clock and in processor time: the
network alone on as many windows as are heard; all, views made from one spectrum's channels; all,
views made of turned waves, a transform for each, as features do that cannot exchange channels; and
both but the network.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

from seldbench import registry
from seldbench.arrays import rotations
from seldbench.audio import AudioFile
from seldbench.contracts import Clip
from seldbench.geometry import IDENTITY
from seldbench.inference.outputs import Listener
from seldbench.windows import Windowing

RATE, WINDOW, TOKENS = 24000, 3.0, 30
CLASSES = tuple("abcdefghijkl")
STFT = {"n_fft": 512, "window_samples": 480, "hop_samples": 240, "bands": 128}


class Nothing(nn.Module):
    """Says 0 of every window."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        return {"frames": features.new_zeros(len(features), TOKENS, self.size)}


def make_clip(folder: Path, seconds: float) -> Clip:
    """Noise in both layouts, as 16-bit files."""
    draw = np.random.default_rng(0)
    recordings = {}
    for layout in ("foa", "mic"):
        path = folder / f"{layout}.wav"
        waves = 0.1 * draw.standard_normal((round(seconds * RATE), 4))
        soundfile.write(path, np.clip(waves, -0.99, 0.99), RATE, subtype="PCM_16")
        recordings[layout] = AudioFile(path)
    return Clip("minute", seconds, recordings)


def make_listener(half: str, options: argparse.Namespace, *, silent: bool) -> Listener:
    """half: "directions", turned, or "activity", of microphones. silent: a network for nothing."""
    device, alone = torch.device(options.device), half == "activity"
    name = "logmel" if alone else "iv_dcase2022"
    features = registry.find("features", name)(standardise="none", **STFT).to(device)
    form = registry.find("formats", "strong" if alone else "doa")(CLASSES)
    network: nn.Module = Nothing(form.size)
    if not silent:
        build = registry.find("architectures", "m2m_ast").build
        sizes = {"frames": form.size}
        given = (features.channels, features.bins, features.hop)
        network = build(*given, sizes, size=options.size, blocks=options.blocks)
    windowing = Windowing(features, WINDOW, 0.1, each="mic" if alone else None)
    return Listener(
        network.to(device),
        windowing,
        {"frames": form},
        hop=options.hop,
        frames=TOKENS,
        device=device,
        rotations=(IDENTITY,) if alone else rotations("foa"),
    )


def network_alone(listener: Listener, windows: int) -> Callable[[], None]:
    """The network on so many windows, a batch at a time."""
    features, length = listener.windowing.features, listener.windowing.frames
    one = torch.randn(listener.batch, features.channels, length, features.bins)
    one = one.to(listener.device)

    @torch.inference_mode()
    def run() -> None:
        listener.network.eval()
        for first in range(0, windows, listener.batch):
            listener.network(one[: windows - first])["frames"].cpu()

    return run


def fastest(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Seconds on the wall's clock, and of processors."""
    walls, processors = [], []
    run()
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


def without_exchange(listener: Listener) -> Listener:
    """Features that turn nothing but the identity."""
    features = listener.windowing.features
    features.rotate = lambda spectrum, rotation: spectrum if rotation == IDENTITY else None  # type: ignore[method-assign]
    return listener


def measured(half: str, clip: Clip, options: argparse.Namespace) -> None:
    whole, silent = (make_listener(half, options, silent=s) for s in (False, True))
    onsets = whole.windowing.onsets(clip.duration, options.hop)
    views = len(whole.rotations) * len(whole.windowing.views(clip))
    windows = len(onsets) * views
    rows = {
        f"the network alone, {windows} windows": network_alone(whole, windows),
        "all": lambda: list(whole([clip])),
        "all but the network": lambda: list(silent([clip])),
    }
    if half == "directions":
        waves, quiet = (
            without_exchange(make_listener(half, options, silent=s)) for s in (False, True)
        )
        rows["all, of turned waves"] = lambda: list(waves([clip]))
        rows["all but the network, of turned waves"] = lambda: list(quiet([clip]))
    print(f"{half}: {clip.duration:g} s, {len(onsets)} onsets in {views} views")
    first = None
    for name, run in rows.items():
        wall, processor = fastest(run, options.repeats)
        first = first or (wall, processor)
        shares = f"{wall / first[0]:6.1%} {processor / first[1]:6.1%}"
        print(f"  {name:40} {wall:8.3f} s  processor {processor:8.3f} s  {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--hop", type=float, default=0.5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder), options.seconds)
        for half in ("directions", "activity"):
            measured(half, clip, options)


if __name__ == "__main__":
    main()
