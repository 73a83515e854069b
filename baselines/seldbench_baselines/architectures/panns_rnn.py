"""PANNs-RNN: Cnn14 of PANNs, its steps repeated to label frames, a bidirectional GRU, two heads.

AST-SED compares with a system of this name (S. Xiao, DCASE 2022 task 4 technical report), whose
report is not at hand. Source of the encoder: qiuqiangkong/audioset_tagging_cnn.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench_baselines.blocks import Dropout
from seldbench_baselines.clip_pooling import CLIP_POOLINGS, check_heads, frames_and_clip
from seldbench_baselines.panns import WIDTHS, Cnn14

LABEL_HOP = 0.1


class PannsRNN(nn.Module):
    """Features -> frame logits and clip probabilities.

    Args:
        channels, bins, hop: of the features.
        sizes: {"frames": classes, "clip": classes}; without "clip" there is no clip pooling.
        widths: channels of the encoder's blocks. encoder_dropout: after each.
        hidden, layers: of the GRU, per direction.
        dropout: before the heads.
        clip: "attention_class", "attention_time" or "linear_softmax".

    Errors: ValueError in words for arguments that do not fit each other, and of `Cnn14`.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        widths: Sequence[int] = WIDTHS,
        encoder_dropout: float = 0.2,
        hidden: int = 256,
        layers: int = 2,
        dropout: float = 0.5,
        clip: str = "attention_class",
    ) -> None:
        super().__init__()
        check_heads("panns_rnn", sizes, clip)
        if not hop < LABEL_HOP:
            raise ValueError(
                f"panns_rnn: label frames of {LABEL_HOP:g} s need features with a shorter hop than"
                f" {hop:g} s"
            )
        self.encoder = Cnn14(channels, bins, widths=widths, dropout=encoder_dropout)
        self.feature_hop, self.hop = hop, LABEL_HOP
        self.gru = nn.GRU(widths[-1], hidden, layers, batch_first=True, bidirectional=True)
        self.dropout = Dropout(dropout)
        self.frames = nn.Linear(2 * hidden, sizes["frames"])
        self.clip = CLIP_POOLINGS[clip](2 * hidden, sizes["clip"]) if "clip" in sizes else None

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, 1, frames, bins) -> frames: logits (batch, label frames, classes),
        clip: probabilities (batch, classes)"""
        x = self.encoder(features).transpose(1, 2)  # (batch, steps, widths[-1])
        steps = self._nearest(features.shape[2], x.shape[1]).to(x.device)  # (label frames,)
        x, _ = self.gru(x[:, steps])  # (batch, label frames, 2 * hidden)
        return frames_and_clip(self.dropout(x), self.frames, self.clip)

    def _nearest(self, frames: int, steps: int) -> Tensor:
        """The step that sounds at the middle of every label frame; after the last whole step,
        that one. (label frames,)"""
        count = max(1, math.floor(frames * self.feature_hop / self.hop + 1e-6))
        middle = (torch.arange(count, dtype=torch.float64) + 0.5) * self.hop
        step = middle / (self.feature_hop * self.encoder.frames)
        return step.long().clamp_max(steps - 1)


ARCHITECTURE = Architecture(
    build=PannsRNN,
    source="S. Xiao, DCASE 2022 task 4 technical report (idea); Kong et al. 2020, arXiv:1912.10211;"
    " qiuqiangkong/audioset_tagging_cnn (encoder)",
    notes="The design is ours: the report is not at hand. Label frames of 0.1 s repeat the steps of"
    " 0.32 s that they fall into. Frame outputs are logits (the sigmoid is the format's). Heads"
    " compute in float32 under autocast.",
)
