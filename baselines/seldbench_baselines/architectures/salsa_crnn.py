"""CRNN of the SALSA team: a residual network of 22 layers (PANNs), a bidirectional GRU of two
layers, and a small network each for activity, x, y and z.

Source: thomeou/SALSA, models/encoders.py, decoders.py and model_utils.py; Nguyen et al. 2021,
arXiv:2110.00275. In the tables of M2M-AST it is the CRNN of 14 million parameters.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import Dropout, only_head

WIDTHS = (64, 128, 256, 512)
LABEL_HOP = 0.1


class Stem(nn.Sequential):
    """Twice convolution 3 x 3, batch norm, ReLU; then an average pool of 2 x 2."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            _conv(channels, width, 3),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            _conv(width, width, 3),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(2),
        )


class Residual(nn.Module):
    """Two convolutions beside a shortcut; where `halve`, an average pool of 2 x 2 before both.

    The last batch norm starts with weight 0: each block begins as its shortcut.
    """

    def __init__(self, channels: int, width: int, *, halve: bool, dropout: float) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2) if halve else nn.Identity()
        self.conv1, self.norm1 = _conv(channels, width, 3), nn.BatchNorm2d(width)
        self.dropout = Dropout(dropout)
        self.conv2, self.norm2 = _conv(width, width, 3), nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm2.weight)
        self.shortcut = nn.Sequential()
        if halve:
            self.shortcut = nn.Sequential(_conv(channels, width, 1), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames, bins), halved or not"""
        x = self.pool(x)
        y = self.dropout(self.norm1(self.conv1(x)).relu_())
        return (self.norm2(self.conv2(y)) + self.shortcut(x)).relu_()


class Quarter(nn.Sequential):
    """Dropout, Linear, ReLU, dropout, Linear: activity, or one coordinate, of every class."""

    def __init__(self, inputs: int, classes: int, dropout: float) -> None:
        super().__init__(
            Dropout(dropout),
            _linear(inputs, inputs // 2),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            _linear(inputs // 2, classes),
        )


class SalsaCRNN(nn.Module):
    """Features -> activity (logits) and directions (tanh) by class.

    Sixteen feature frames make a step of 0.2 s (at SALSA's hop of 12.5 ms); steps are repeated up
    to label frames of 0.1 s.

    Args:
        channels, bins, hop: of the features.
        sizes: {head: 4 * classes}.
        widths: channels of the four residual layers; the stem has the first.
        hidden: of the GRU, per direction.
        block_dropout, gru_dropout, head_dropout: inside residual blocks, between the GRU's layers,
            before each Linear of the heads.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        widths: tuple[int, int, int, int] = WIDTHS,
        hidden: int = 256,
        block_dropout: float = 0.1,
        gru_dropout: float = 0.3,
        head_dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.head, size = only_head(sizes, "salsa_crnn")
        if size % 4:
            raise ValueError(f"salsa_crnn: 4 outputs a class (activity, x, y, z), not {size}")
        if bins < 16:
            raise ValueError(f"salsa_crnn: halves {bins} bins four times; needs 16 or more")
        self.repeats = _repeats(16 * hop)
        self.hop = 16 * hop / self.repeats
        self.stem = Stem(channels, widths[0])
        layers, inputs = [], widths[0]
        for i, width in enumerate(widths):
            layers.append(Residual(inputs, width, halve=i > 0, dropout=block_dropout))
            layers.append(Residual(width, width, halve=False, dropout=block_dropout))
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.gru = nn.GRU(
            inputs, hidden, 2, batch_first=True, dropout=gru_dropout, bidirectional=True
        )
        _initialise(self.gru)
        self.sed, self.x, self.y, self.z = (
            Quarter(2 * hidden, size // 4, head_dropout) for _ in range(4)
        )

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, label frames, 4 * classes)}: logits,
        then x, y, z of every class"""
        x = self.layers(self.stem(features))  # (batch, widths[-1], steps, bins / 16)
        x, _ = self.gru(x.mean(3).transpose(1, 2))  # (batch, steps, 2 * hidden)
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            doa = torch.cat([self.x(x), self.y(x), self.z(x)], dim=-1).tanh()
            outputs = torch.cat([self.sed(x), doa], dim=-1)  # (batch, steps, 4 * classes)
        return {self.head: outputs.repeat_interleave(self.repeats, dim=1)}


def _repeats(step: float) -> int:
    """Label frames in a step.

    Errors: ValueError where steps are not made of whole label frames.
    """
    repeats = round(step / LABEL_HOP)
    if repeats < 1 or not math.isclose(repeats * LABEL_HOP, step, rel_tol=1e-6):
        raise ValueError(
            f"salsa_crnn: 16 feature frames are {step:g} s, not a multiple of {LABEL_HOP:g} s;"
            " take features with a hop of 12.5 ms"
        )
    return repeats


def _conv(channels: int, width: int, kernel: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    nn.init.xavier_uniform_(conv.weight)
    return conv


def _linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


def _initialise(gru: nn.GRU) -> None:
    # As published: uniform by inputs, orthogonal for the new state's recurrent matrix, no biases;
    # the backward direction is left as PyTorch makes it.
    for layer in range(gru.num_layers):
        from_input, recurrent = (getattr(gru, f"weight_{k}_l{layer}") for k in ("ih", "hh"))
        for matrix in (*from_input.chunk(3), *recurrent.chunk(3)[:2]):
            bound = math.sqrt(3 / matrix.shape[1])
            nn.init.uniform_(matrix, -bound, bound)
        nn.init.orthogonal_(recurrent.chunk(3)[2])
        nn.init.zeros_(getattr(gru, f"bias_ih_l{layer}"))
        nn.init.zeros_(getattr(gru, f"bias_hh_l{layer}"))


ARCHITECTURE = Architecture(
    build=SalsaCRNN,
    source="thomeou/SALSA; arXiv:2110.00275",
    notes="14,111,216 parameters with 7 channels and 12 classes. Where a block halves, its shortcut"
    " shares the block's average pool: the same numbers. The heads compute in float32 under"
    " autocast.",
)
