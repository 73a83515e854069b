"""SELDnet of the DCASE 2022-2024 task 3 baselines: three convolutions, a bidirectional GRU of two
layers whose directions are multiplied, self-attention, one branch a head. Released weights load.

Source: sharathadavanne/seld-dcase2022, seld-dcase2023 and partha2409/DCASE2024_seld_baseline,
seldnet_model.py and parameters.py.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench.errors import near
from seldbench_baselines.blocks import TANH, Heads, pooled

POOLS = ((5, 4), (1, 4), (1, 2))


class Block(nn.Module):
    """Convolution 3 x 3, batch norm, ReLU, max pool, dropout of whole channels."""

    def __init__(self, channels: int, width: int, *, pool: tuple[int, int], dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(pool)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bins) -> (batch, width, frames / pool, bins / pool)"""
        # The ReLU after the maximum: the same numbers from a twentieth of the elements.
        return self.dropout(self.pool(self.norm(self.conv(x))).relu())


class TanhAttention(nn.Module):
    """Self-attention of 2022: no shortcut, tanh. Off in the published results."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same"""
        return self.attention(x, x, x, need_weights=False)[0].tanh()


class AddedAttention(nn.Module):
    """Self-attention of 2023 and 2024: added to its input, layer norm."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, width) -> the same"""
        return self.norm(x + self.attention(x, x, x, need_weights=False)[0])


# By the argument `attention`: the layers.
ATTENTIONS = {
    "none": (),
    "own": (TanhAttention,),
    "mhsa": (AddedAttention, AddedAttention),
}


class SELDnet(nn.Module):
    """Features -> (multi-)ACCDOA vectors, perhaps with distances.

    Args:
        channels, bins, hop: of the features.
        sizes: {head: outputs}.
        attention: "none" (2022), "own" (2022's option) or "mhsa" (2023 and 2024).
        attention_heads: 4 in 2022, 8 later.
        width: channels of the convolutions.
        pools: (frames, bins) that each block's maximum is of.
        hidden: of the GRU, per direction, and of what follows.
        dropout: after each block, between the GRU's layers and in attention.
        activations: {head: "tanh", "none" or "sed_doa"}; heads left out have tanh, which 2024's
            head has not.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        attention: str = "none",
        attention_heads: int = 8,
        width: int = 64,
        pools: Sequence[tuple[int, int]] = POOLS,
        hidden: int = 128,
        dropout: float = 0.05,
        activations: Mapping[str, str] = TANH,
    ) -> None:
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(
                f"seldnet: no attention {attention!r}{near(attention, ATTENTIONS)};"
                f" has {', '.join(ATTENTIONS)}"
            )
        self.hop, bins = pooled(hop, bins, pools)
        inputs = [channels, *[width] * (len(pools) - 1)]
        self.blocks = nn.Sequential(
            *(Block(n, width, pool=(p[0], p[1]), dropout=dropout) for n, p in zip(inputs, pools))
        )
        self.gru = nn.GRU(
            width * bins, hidden, 2, batch_first=True, dropout=dropout, bidirectional=True
        )
        self.attention = nn.Sequential(
            *(layer(hidden, attention_heads, dropout) for layer in ATTENTIONS[attention])
        )
        self.heads = Heads(hidden, hidden, sizes, activations=activations, dropout=0.0)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> {head: (batch, label frames, size)}"""
        x = self.blocks(features)  # (batch, width, label frames, bins / pools)
        x, _ = self.gru(x.transpose(1, 2).flatten(2))  # (batch, label frames, 2 * hidden)
        forward, backward = x.tanh().chunk(2, dim=-1)
        x = self.attention(backward * forward)  # (batch, label frames, hidden)
        return self.heads(x)


# The baselines' names -> ours, in regular expressions.
NAMES = (
    (r"conv_block_list\.(\d+)\.conv\.(.+)", lambda m: f"blocks.{int(m[1]) // 3}.conv.{m[2]}"),
    (r"conv_block_list\.(\d+)\.bn\.(.+)", lambda m: f"blocks.{int(m[1]) // 3}.norm.{m[2]}"),
    (r"gru\.(.+)", lambda m: f"gru.{m[1]}"),
    (r"mhsa_block_list\.(\d+)\.(.+)", lambda m: f"attention.{m[1]}.attention.{m[2]}"),
    (r"layer_norm_list\.(\d+)\.(.+)", lambda m: f"attention.{m[1]}.norm.{m[2]}"),
    (r"attn\.fc_o\.(.+)", lambda m: f"attention.0.attention.out_proj.{m[1]}"),
    (r"fnn_list\.0\.(.+)", lambda m: f"heads.HEAD.0.{m[1]}"),
    (r"fnn_list\.1\.(.+)", lambda m: f"heads.HEAD.2.{m[1]}"),
)


def converted(state: Mapping[str, Tensor], head: str = "frames") -> dict[str, Tensor]:
    """A state dict of the DCASE 2022-2024 baselines under our names; `head` takes their output.

    Missing tensors are found by `load_state_dict`, which is strict.

    Errors: ValueError for a tensor that these networks do not have (those of 2024's audio-visual
    variant, for instance, which is not built here).
    """
    ours = {}
    for name, tensor in state.items():
        if not name.startswith("attn.fc_") or name.startswith("attn.fc_o."):
            ours[_own_name(name).replace("HEAD", head)] = tensor
    for kind in ("weight", "bias"):
        parts = [state[f"attn.fc_{p}.{kind}"] for p in "qkv" if f"attn.fc_{p}.{kind}" in state]
        if parts:
            ours[f"attention.0.attention.in_proj_{kind}"] = torch.cat(parts)
    return ours


def _own_name(name: str) -> str:
    for pattern, ours in NAMES:
        if match := re.fullmatch(pattern, name):
            return ours(match)
    raise ValueError(
        f"no tensor {name!r} in SELDnet; expected a state dict of the DCASE 2022-2024 task 3"
        " baselines (audio alone)"
    )


ARCHITECTURE = Architecture(
    build=SELDnet,
    source="sharathadavanne/seld-dcase2022, seld-dcase2023; partha2409/DCASE2024_seld_baseline",
    notes="Parameters, FOA with 13 classes: 604,533 (2022), 737,141 (2023), 742,172 (2024, with"
    " distance). Audio alone: 2024's audio-visual variant is left out, no data set here has video.",
)
