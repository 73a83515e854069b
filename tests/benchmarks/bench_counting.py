"""Multiply-accumulates by known tools, beside those of `seldbench profile`.

    python tests/benchmarks/bench_counting.py

Tools that are not installed are left out: fvcore, ptflops (pytorch and aten backends), thop, and
torch's own counter. All count one window, in evaluation, on a CPU; a dash is an error. Hand counts
of the layers are in tests/experiment/test_counting.py.
"""

import contextlib
import copy
import io
import logging
import warnings

import torch
from torch import nn

from seldbench.experiment.counting import counting
from seldbench.experiment.profiles import parts_of
from seldbench.recipe import recipe_file, resolve
from seldbench_baselines.architectures.fdy_crnn import DynamicConv
from seldbench_baselines.ast_encoder import vit_block
from seldbench_baselines.gated import ContextGate


class Transform(nn.Module):
    """64 frames of 1024 samples, transformed."""

    def forward(self, x):
        return torch.fft.rfft(x).abs()


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


def first_of(layer):
    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x)[0]

    return First()


LAYERS = {
    "Conv2d, 4 groups": (nn.Conv2d(16, 32, 3, padding=1, groups=4), (1, 16, 40, 64)),
    "ConvTranspose2d": (nn.ConvTranspose2d(16, 8, 2, stride=2), (1, 16, 40, 64)),
    "Linear on frames": (nn.Linear(64, 32), (1, 100, 64)),
    "linear gate over channels": (ContextGate(16), (1, 16, 40, 64)),
    "GRU, 2 layers, both ways": (
        first_of(nn.GRU(64, 32, 2, bidirectional=True, batch_first=True)),
        (1, 100, 64),
    ),
    "LSTM, 2 layers, both ways": (
        first_of(nn.LSTM(64, 32, 2, bidirectional=True, batch_first=True)),
        (1, 100, 64),
    ),
    "MultiheadAttention": (Attention(64, 4, batch_first=True), (1, 100, 64)),
    "timm's block (fused attention)": (vit_block(64, 4), (1, 100, 64)),
    "FDY convolution": (
        DynamicConv(16, 32, kernels=4, temperature=31.0, pool_dim="time"),
        (1, 16, 40, 64),
    ),
    "real FFT": (Transform(), (64, 1024)),
}
NETWORKS = {
    "crnn (desed)": ("crnn", "desed", "desed", 10),
    "fdy_crnn (small)": ("fdy_crnn", "desed", "small", 10),
    "ast_sed (small)": ("ast_sed", "desed", "small", 10),
    "m2m_ast (tiny), one network": ("m2m_ast", "tnsse2021", "tiny_2+4", 12),
    "overlap_e2e (small)": ("overlap_e2e", "mix75-sim", "small_overlapped", 75),
}


def ours(network, heard):
    with counting(network) as found:
        network(heard)
    return sum(found.values())


def by_torch(network, heard):
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(heard)
    return counter.get_total_flops() / 2


def by_fvcore(network, heard):
    from fvcore.nn import FlopCountAnalysis

    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)
    return FlopCountAnalysis(network, heard).total()


def by_thop(network, heard):
    from thop import profile

    return profile(network, inputs=(heard,), verbose=False)[0]


def by_ptflops(backend):
    def count(network, heard):
        from ptflops import get_model_complexity_info

        return get_model_complexity_info(
            network,
            tuple(heard.shape[1:]),
            input_constructor=lambda _: {"heard": heard},
            as_strings=False,
            print_per_layer_stat=False,
            backend=backend,
        )[0]

    return count


class Named(nn.Module):
    """A network whose input has a name, and which says one tensor."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, heard):
        said = self.network(heard)
        return next(iter(said.values())) if isinstance(said, dict) else said


TOOLS = {
    "seldbench": ours,
    "torch": by_torch,
    "fvcore": by_fvcore,
    "ptflops": by_ptflops("pytorch"),
    "ptflops aten": by_ptflops("aten"),
    "thop": by_thop,
}


def counted(count, network, shape):
    """In words; tools that leave hooks behind get a copy."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            found = count(copy.deepcopy(Named(network)).eval(), torch.zeros(shape))
        except Exception:  # whatever a tool fails by
            return None
    return found


def cases():
    yield from LAYERS.items()
    for name, (arch, dataset, variant, classes) in NETWORKS.items():
        recipe = resolve(recipe_file(arch, dataset), dataset, variant)
        part = parts_of(recipe, range(classes))[0].assembly
        windowing = part.windowing
        features = windowing.features
        yield name, (part.network, (1, features.channels, windowing.frames, features.bins))


def main():
    print(f"{'MACs':32}" + "".join(f"{tool:>16}" for tool in TOOLS))
    for name, (network, shape) in cases():
        right, *others = (counted(count, network, shape) for count in TOOLS.values())
        cells = ["-" if n is None else f"{100 * n / right:.1f} %" for n in others]
        print(f"{name:32}{right / 1e6:>14.3f} M" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
