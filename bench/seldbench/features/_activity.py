"""SALSA's activity of bins: levels of the first microphone against noise floors that follow them.

The level is the root of the mean power of a frame and the two before it, circular in the clip:
frame 0 looks at the last two. The floor starts at half the mean level of the first five frames.
In every frame a level above it raises it by 2 % in the first three frames in a row, by 0.2 % after;
any other lowers it by 2 %, to 1e-6 at least. Active is what is 1.5 times above the new floor.
Source: thomeou/SALSA, dataset/salsa_feature_extraction.py (`is_tracking`).
"""

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray

SMOOTHED = 3  # frames in a level
INITIAL, INITIAL_FRAMES = 0.5, 5
# What a floor is multiplied by after 0, 1, 2, 3, 4 or more frames in a row above it.
STEPS = np.array([0.98, 1.02, 1.02, 1.02, 1.002])
LOWEST = 1e-6
ABOVE = 1.5


def activity(power: Array) -> Array:
    """Which bins are active.

    Args:
        power: of whole clips' first microphone, (batch, frames, bins).

    Returns:
        bool, of the same shape.
    """
    batch, frames, bins = power.shape
    power = power.astype(np.float64).transpose(1, 0, 2).reshape(frames, batch * bins)
    level = np.sqrt(sum(np.roll(power, n, axis=0) for n in range(SMOOTHED)) / SMOOTHED)
    active = level > ABOVE * _floors(level)
    return active.reshape(frames, batch, bins).transpose(1, 0, 2)


def _floors(level: Array) -> Array:
    """(frames, bins) -> (frames, bins)."""
    floors = np.empty_like(level)
    floor = INITIAL * level[:INITIAL_FRAMES].mean(axis=0)
    above = np.zeros(floor.shape, dtype=bool)
    run = np.zeros(floor.shape, dtype=np.intp)  # frames in a row above the floor, up to 4
    step = np.empty_like(floor)
    for now, new in zip(level, floors):
        np.greater(now, floor, out=above)
        run += 1
        np.minimum(run, len(STEPS) - 1, out=run)
        run *= above
        np.take(STEPS, run, out=step, mode="clip")
        np.multiply(floor, step, out=new)
        floor = np.maximum(new, LOWEST, out=new)
    return floors


class ActiveBins:
    """The rule that directions of inactive bins are 0; its statistic is the activity of the whole
    clip, bit by bit.

    Args:
        bins: the first so many bins have directions; those of the spectrograms are the same.
    """

    values = True

    def __init__(self, bins: int) -> None:
        self.bins = bins
        self.bytes = -(-bins // 8)

    def statistic(self, power: Tensor) -> Tensor:
        """(batch, frames * bytes) uint8."""
        active = activity(power[:, 0, :, : self.bins].detach().cpu().numpy())
        packed = np.packbits(active, axis=-1, bitorder="little")
        return torch.from_numpy(packed).flatten(1).to(power.device)

    def apply(
        self, spectrograms: Tensor, directions: Tensor, statistic: Tensor, start: Tensor | int
    ) -> None:
        """Zero the directions of inactive bins; a clip's statistic may be padded at its end."""
        batch, _, frames, _ = directions.shape
        packed = statistic.unflatten(1, (-1, self.bytes))
        starts = torch.as_tensor(start, device=packed.device).expand(batch)
        rows = starts[:, None] + torch.arange(frames, device=packed.device)  # (batch, frames)
        own = packed[torch.arange(batch, device=packed.device)[:, None], rows]
        places = torch.arange(8, device=packed.device, dtype=torch.uint8)
        bits = (own[..., None] >> places & 1).flatten(2)[..., : self.bins]
        directions[..., : self.bins] *= bits[:, None]
        directions[..., self.bins :] = 0.0
