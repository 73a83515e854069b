"""CRNN: seven gated convolution blocks, a bidirectional GRU, frame and clip outputs.

Source: DCASE-REPO/DESED_task, desed_task/nnet (the DCASE 2021-2023 task 4 baseline, the defaults
here); frednam93/FilterAugSED, utils/model.py (wider, context gating).
"""

from collections.abc import Mapping, Sequence

from seldbench.contracts import Architecture
from seldbench_baselines.gated import POOLS, GatedCRNN, plain


def crnn(
    channels: int,
    bins: int,
    hop: float,
    sizes: Mapping[str, int],
    *,
    widths: Sequence[int] = (16, 32, 64, 128, 128, 128, 128),
    pools: Sequence[tuple[int, int]] = POOLS,
    gate: str = "glu",
    hidden: int = 128,
    layers: int = 2,
    dropout: float = 0.5,
    bn_momentum: float = 0.99,
    clip: str = "attention_class",
) -> GatedCRNN:
    """A `GatedCRNN` of plain convolutions.

    Args:
        bn_momentum: 0.99, as published, makes the running statistics those of the last batch.
        The others are `GatedCRNN`'s.
    """
    return GatedCRNN(
        "crnn",
        channels,
        bins,
        hop,
        sizes,
        convolve=lambda block, inputs, width: plain(inputs, width, bn_momentum),
        widths=widths,
        pools=pools,
        gate=gate,
        hidden=hidden,
        layers=layers,
        dropout=dropout,
        clip=clip,
    )


ARCHITECTURE = Architecture(
    build=crnn,
    source="DCASE-REPO/DESED_task (DCASE 2022 task 4 baseline); frednam93/FilterAugSED; "
    "arXiv:2110.03282",
    notes="Frame outputs are logits (the sigmoid is the format's). Heads compute in float32 under "
    "autocast.",
)
