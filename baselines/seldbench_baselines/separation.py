"""Networks of a square image: which of so many it is (`Classifier`), a mask on it (`MaskUNet`), and
several images as one (`Gate`).

Facts of the first two: Sudo et al. 2019, "Environmental sound segmentation utilizing Mask U-Net"
(IROS), and the public code of the same author.
"""

import torch
from torch import Tensor, nn

from seldbench_baselines.blocks import Dropout
from seldbench_baselines.clip_pooling import check_choice

# Filters of each layer, in units of the first one's.
OF_CLASSIFIER = (1, 1, 2, 2, 4, 4, 8, 8)
OF_UNET = (1, 2, 4, 8, 8, 8)
HIDDEN = 16  # of the classifier's dense layer, in the same units
GATES = ("softmax", "conv", "scalar", "mean", "a", "b")


class Classifier(nn.Module):
    """Eight convolutions, each halving frames and bins, and two dense layers: logits.

    A window of 256 x 256 is one position in the end. Of a larger one the positions are averaged.

    Args:
        channels, size: of the input and of the output.
        width: filters of the first convolution; 64 has 512 in the end and 1024 hidden.
    """

    HALVED = 2 ** len(OF_CLASSIFIER)

    def __init__(self, channels: int, size: int, *, width: int, dropout: float) -> None:
        super().__init__()
        widths = [width * times for times in OF_CLASSIFIER]
        self.layers = nn.Sequential(
            *(_Halving(i, o, dropout) for i, o in zip([channels, *widths], widths))
        )
        self.dense = nn.Sequential(
            nn.Linear(widths[-1], HIDDEN * width),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            nn.Linear(HIDDEN * width, size),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, size), float32

        Errors: ValueError for frames or bins that cannot be halved eight times.
        """
        check_halves("SSL and SSC halve", x, self.HALVED)
        x = self.layers(x).mean((2, 3))  # (batch, 8 * width)
        with torch.autocast(x.device.type, enabled=False):
            return self.dense(x.float())


class _Halving(nn.Sequential):
    """Convolution 3 x 3, batch norm, maxima of 2 x 2, ReLU, dropout. ReLU and maximum may change
    places, and a quarter of the values is left to act on."""

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            Dropout(dropout),
        )


class MaskUNet(nn.Module):
    """The image of one source out of that of a mixture, its first channel: what is heard of it is
    multiplied, as an image, by a mask in [0, 1].

    Args:
        channels: of the input.
        width: filters of the first layer; 64 has 512 in the three deepest.
        bypass: the second layer of the decoder reads the last but one of the encoder, past the
            deepest level, whose weights never act: so it is in the public code, by an oversight.
    """

    HALVED = 2 ** len(OF_UNET)

    def __init__(self, channels: int, *, width: int, bypass: bool = False) -> None:
        super().__init__()
        down = [width * times for times in OF_UNET]
        up = down[-2::-1]  # of the decoder's layers but the last, from the deepest on
        self.bypass = bypass
        self.encoder = nn.ModuleList(_Down(i, o) for i, o in zip([channels, *down], down))
        # Each layer hears the one below and, but for the first, what the encoder had there.
        heard = [down[-1], *(2 * o for o in up[:-1])]
        if bypass:
            heard[1] = down[-2]
        self.decoder = nn.ModuleList(_Up(i, o) for i, o in zip(heard, up))
        self.last = nn.ConvTranspose2d(2 * up[-1], 1, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, frames, bins), float32

        Errors: ValueError for frames or bins that cannot be halved six times.
        """
        check_halves("SSS halves", x, self.HALVED)
        levels = [x]
        for layer in self.encoder[:-1] if self.bypass else self.encoder:
            levels.append(layer(levels[-1]))
        y = levels.pop()  # (batch, 8 * width, frames / 64, bins / 64)
        if self.bypass:
            y = torch.cat([self.decoder[1](y), levels.pop()], dim=1)
        for layer in self.decoder[2:] if self.bypass else self.decoder:
            y = torch.cat([layer(y), levels.pop()], dim=1)
        with torch.autocast(x.device.type, enabled=False):
            return self.last(y.float())[:, 0].sigmoid() * x[:, 0].float()


class _Down(nn.Sequential):
    """Convolution 3 x 3 in steps of two, batch norm, ReLU."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )


class _Up(nn.Sequential):
    """Transposed convolution 2 x 2 in steps of two, batch norm, ReLU."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(channels, width, 2, stride=2),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )


class Gate(nn.Module):
    """Two images as one: in every bin a mean with weights that sum to 1.

    Args:
        kind: "softmax": weights are the softmax of the two values, without parameters: between 0.27
            and 0.73 for values in [0, 1]. "conv": of a 1 x 1 convolution of the two, which starts
            at equal weights. "scalar": of one learnt number an image. "mean": equal weights. "a",
            "b": the first or the second image alone.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        check_choice("overlap_e2e", "gate", kind, GATES)
        self.kind = kind
        if kind == "conv":
            self.conv = nn.Conv2d(2, 2, 1)
            nn.init.zeros_(self.conv.weight)
            nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        if kind == "scalar":
            self.logits = nn.Parameter(torch.zeros(2))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """(batch, frames, bins) twice -> the same"""
        if self.kind in ("a", "b"):
            return a if self.kind == "a" else b
        both = torch.stack([a, b], dim=1)
        with torch.autocast(a.device.type, enabled=False):
            return (self._weights(both.float()) * both).sum(1)

    def _weights(self, both: Tensor) -> Tensor:
        """(batch, 2, frames, bins), or what stands for it"""
        if self.kind == "conv":
            return self.conv(both).softmax(1)
        if self.kind == "scalar":
            return self.logits.softmax(0)[:, None, None]
        return both.softmax(1) if self.kind == "softmax" else torch.full_like(both, 0.5)


def check_halves(who: str, x: Tensor, times: int) -> None:
    """Raises ValueError for frames or bins that `times` does not divide."""
    frames, bins = x.shape[2:]
    if frames % times or bins % times or not frames or not bins:
        raise ValueError(
            f"{who} {frames} frames x {bins} bins until one of every {times} is left, which leaves"
            f" a part: give multiples of {times}"
        )
