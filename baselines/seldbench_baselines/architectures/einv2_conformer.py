"""EINV2 with Conformers: two stitched branches of convolutions, then two Conformer blocks for each
track and branch, stitched again. A track holds any one event at a time.

Source: Jinbo-Hu/DCASE2022-TASK3, code/methods/ein_seld/models/ConvConformer.py and
configs/ein_seld/seld.yaml; Hu et al. 2022, arXiv:2209.01802.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import (
    Stitch,
    StitchedConvs,
    Stitching,
    TrackHead,
    only_head,
    pooled,
    track_size,
)
from seldbench_baselines.conformer import ConformerBlock

WIDTHS = (64, 128, 256, 512)
POOLS = ((2, 2), (2, 2), (2, 2), (1, 2))


class EINV2Conformer(nn.Module):
    """Features -> by track, activity of every class (logits) and one direction (tanh).

    Args:
        channels, bins, hop: of the features; the first four channels are spectrograms.
        sizes: {head: tracks * (classes + 3)}.
        tracks: events at a time.
        widths, pools: of the convolution blocks; (frames, bins) of each average pool.
        attention_heads, layers, kernel, dropout: of the Conformers.
        stitch: "sequential", as published (directions read the activity branch as already
            stitched), or "parallel".
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        tracks: int = 3,
        widths: Sequence[int] = WIDTHS,
        pools: Sequence[tuple[int, int]] = POOLS,
        attention_heads: int = 8,
        layers: int = 2,
        kernel: int = 31,
        dropout: float = 0.1,
        stitch: Stitching = "sequential",
    ) -> None:
        super().__init__()
        self.head, size = only_head(sizes, "einv2_conformer")
        size = track_size(size, tracks)
        self.hop, _ = pooled(hop, bins, pools)
        self.convs = StitchedConvs(channels, widths=widths, pools=pools, stitch=stitch)
        self.convs.apply(_initialise)
        width = widths[-1]

        def conformer() -> nn.Sequential:
            return nn.Sequential(
                *(
                    ConformerBlock(width, attention_heads, kernel=kernel, dropout=dropout)
                    for _ in range(layers)
                )
            )

        self.sed = nn.ModuleList(conformer() for _ in range(tracks))
        self.doa = nn.ModuleList(conformer() for _ in range(tracks))
        self.stitches = nn.ModuleList(Stitch(width, stitch) for _ in range(tracks))
        self.heads = nn.ModuleList(TrackHead(width, size) for _ in range(tracks))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, label frames,
        tracks * (classes + 3))}, by track the classes' logits, then x, y, z"""
        sed, doa = (x.mean(3).transpose(1, 2) for x in self.convs(features))
        # Both: (batch, label frames, widths[-1]).
        outputs = [
            head(*self._stitched(stitch, of_sed(sed), of_doa(doa)))
            for of_sed, of_doa, stitch, head in zip(self.sed, self.doa, self.stitches, self.heads)
        ]
        return {self.head: torch.cat(outputs, dim=-1)}

    def _stitched(self, stitch: nn.Module, sed: Tensor, doa: Tensor) -> tuple[Tensor, Tensor]:
        sed, doa = stitch(sed.transpose(1, 2), doa.transpose(1, 2))
        return sed.transpose(1, 2), doa.transpose(1, 2)  # (batch, label frames, width)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.ones_(module.weight)


ARCHITECTURE = Architecture(
    build=EINV2Conformer,
    source="Jinbo-Hu/DCASE2022-TASK3; arXiv:2209.01802",
    notes="85,288,432 parameters with 7 channels, 13 classes and 3 tracks.",
)
