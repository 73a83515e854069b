"""EINV2: an event-independent network. One branch for activity and one for directions, stitched;
then a small Transformer for each track and branch. A track holds any one event at a time.

Source: yinkalario/EIN-SELD, seld/methods/ein_seld/models/seld.py and configs/ein_seld/seld.yaml;
Cao et al. 2021, arXiv:2010.13092.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import (
    StitchedConvs,
    Stitching,
    TrackHead,
    only_head,
    pooled,
    track_size,
)

WIDTHS = (64, 128, 256, 512)
POOLS = ((2, 2), (2, 2), (1, 2), (1, 2))


class EINV2(nn.Module):
    """Features -> by track, activity of every class (logits) and one direction (tanh).

    Args:
        channels, bins, hop: of the features; the first four channels are spectrograms.
        sizes: {head: tracks * (classes + 3)}.
        tracks: events at a time.
        widths, pools: of the convolution blocks; (frames, bins) of each average pool.
        attention_heads, feed_forward, layers, dropout: of the Transformers.
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
        tracks: int = 2,
        widths: Sequence[int] = WIDTHS,
        pools: Sequence[tuple[int, int]] = POOLS,
        attention_heads: int = 8,
        feed_forward: int = 1024,
        layers: int = 2,
        dropout: float = 0.2,
        stitch: Stitching = "sequential",
    ) -> None:
        super().__init__()
        self.head, size = only_head(sizes, "einv2")
        size = track_size(size, tracks)
        self.hop, _ = pooled(hop, bins, pools)
        self.convs = StitchedConvs(channels, widths=widths, pools=pools, stitch=stitch)

        def transformer() -> nn.TransformerEncoder:
            layer = nn.TransformerEncoderLayer(
                widths[-1], attention_heads, feed_forward, dropout, batch_first=True
            )
            return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

        self.sed = nn.ModuleList(transformer() for _ in range(tracks))
        self.doa = nn.ModuleList(transformer() for _ in range(tracks))
        self.heads = nn.ModuleList(TrackHead(widths[-1], size) for _ in range(tracks))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, label frames,
        tracks * (classes + 3))}, by track the classes' logits, then x, y, z"""
        sed, doa = (x.mean(3).transpose(1, 2) for x in self.convs(features))
        # Both: (batch, label frames, widths[-1]).
        outputs = [
            head(of_sed(sed), of_doa(doa))
            for of_sed, of_doa, head in zip(self.sed, self.doa, self.heads)
        ]
        return {self.head: torch.cat(outputs, dim=-1)}


ARCHITECTURE = Architecture(
    build=EINV2,
    source="yinkalario/EIN-SELD; arXiv:2010.13092",
    notes="26,218,978 parameters with 7 channels, 14 classes and 2 tracks. The Transformers have no"
    " positional encoding, as published. Where PyTorch copies a layer, its copies start with equal"
    " weights; so they did in the published code.",
)
