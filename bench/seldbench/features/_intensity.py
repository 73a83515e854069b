"""The intensity vector of FOA recordings: where the sound of every band comes from.

Per FFT bin I_j = Re(conj(W) X_j), j = Y, Z, X, divided by a level that the publications choose
differently, then summed over bands with the weights of the mel bank.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from seldbench.arrays import ChannelMap, vector_map
from seldbench.features._spectrograms import Directions, MelBands
from seldbench.features._stft import Spectra
from seldbench.geometry import Rotation

# (intensity (batch, 3, frames, bins), power (batch, 4, frames, bins)) -> (batch, 1, frames, bins)
Level = Callable[[Tensor, Tensor], Tensor]


class Intensity(Directions):
    """Three channels: the intensity vector over its level, in bands.

    Args:
        level: what it is divided by.
        order: of the components, out of 0 (Y), 1 (Z), 2 (X).
    """

    channels = 3

    def __init__(
        self, bands: MelBands, level: Level, *, order: tuple[int, int, int] = (0, 1, 2)
    ) -> None:
        super().__init__()
        self.bands, self.level, self.order = bands, level, list(order)

    def forward(self, spectra: Spectra) -> Tensor:
        """(batch, 4, frames, FFT bins) -> (batch, 3, frames, bands)."""
        real, imag, power = spectra
        intensity = real[:, :1] * real[:, 1:]
        intensity.addcmul_(imag[:, :1], imag[:, 1:])
        vector = self.bands(intensity.div_(self.level(intensity, power)))
        return vector if self.order == [0, 1, 2] else vector[:, self.order]

    def channel_map(self, rotation: Rotation) -> ChannelMap | None:
        """The vector turned; its level is the same."""
        return vector_map(rotation, self.order)


def length(intensity: Tensor, power: Tensor, *, epsilon: float) -> Tensor:
    """The vector's own length: what is left are unit vectors."""
    return torch.linalg.vector_norm(intensity, dim=1, keepdim=True).add_(epsilon)
