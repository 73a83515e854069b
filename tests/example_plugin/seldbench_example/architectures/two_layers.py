"""Two linear layers on every frame: the smallest network that the harness can train."""

from collections.abc import Mapping

from torch import Tensor, nn

from seldbench.contracts import Architecture


class TwoLayers(nn.Module):
    """Features averaged over `pool` frames, then two layers."""

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        pool: int = 4,
        hidden: int = 16,
    ) -> None:
        super().__init__()
        self.hop = hop * pool
        self.pool = nn.AvgPool1d(pool)
        self.hidden = nn.Linear(channels * bins, hidden)
        self.head = nn.Linear(hidden, sizes["frames"])

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> frames: logits (batch, label frames, classes)"""
        x = features.transpose(2, 3).flatten(1, 2)  # (batch, channels * bins, frames)
        x = self.pool(x).transpose(1, 2)  # (batch, label frames, channels * bins)
        return {"frames": self.head(self.hidden(x).relu())}


ARCHITECTURE = Architecture(build=TwoLayers, source="an example", notes="none")
