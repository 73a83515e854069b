"""AST-SED: AST's patches and first blocks, one vector a time step, steps repeated, a GRU.

Source: Li et al. 2023, arXiv:2303.03689. No official code is public. Where the paper is silent,
sizes follow code that the same laboratory published later; `ARCHITECTURE.notes` names them.
"""

import copy
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from seldbench.contracts import Architecture, Variation
from seldbench_baselines.ast_encoder import AUDIOSET_DEVIATION, AUDIOSET_MEAN, PatchEncoder
from seldbench_baselines.blocks import Dropout
from seldbench_baselines.clip_pooling import (
    CLIP_POOLINGS,
    check_choice,
    check_heads,
    frames_and_clip,
)
from seldbench_baselines.frequency_encoder import FrequencyEncoder

POOLS = ("mean", "fte")


class ASTSED(nn.Module):
    """Frames of fbank -> frame logits and clip probabilities.

    A label frame is `strides[1] / up` feature frames; no offset is added for a patch's centre,
    37.5 ms behind its label frame's at a stride of 10: the network learns it from its targets.

    Args:
        channels, bins, hop: of the features (unscaled `fbank_ast`).
        sizes: {"frames": classes, "clip": classes}; without "clip" there is no clip pooling.
        size, width, heads, blocks, frames, strides, patch, mean, deviation, checkpoint: of the
            patch-wise encoder, see `PatchEncoder`.
        final_norm: AST's own norm after its last block, which only all 12 blocks were trained with.
        out_norm: a new LayerNorm after the last block.
        pool: "mean" over the frequency rows, or "fte", attention among them.
        row: hear this frequency row alone in place of the mean.
        norm, mlp, cls_per_frame: of the FTE: "post" or "pre", hidden width of its MLP (None: the
            width), whether each step has a class token of its own.
        up: label frames a step, which divides the stride.
        hidden, layers, dropout: of the GRU, per direction (None: the width); after the GRU.
        clip: "linear_softmax", "attention_class" or "attention_time".
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        size: str = "base",
        width: int | None = None,
        heads: int | None = None,
        blocks: int = 10,
        frames: int = 1024,
        strides: tuple[int, int] = (10, 10),
        patch: tuple[int, int] = (16, 16),
        mean: float = AUDIOSET_MEAN,
        deviation: float = AUDIOSET_DEVIATION,
        checkpoint: bool = False,
        final_norm: bool = False,
        out_norm: bool = True,
        pool: str = "fte",
        row: int | None = None,
        norm: str = "post",
        mlp: int | None = None,
        cls_per_frame: bool = False,
        up: int = 10,
        hidden: int | None = None,
        layers: int = 2,
        dropout: float = 0.0,
        clip: str = "linear_softmax",
    ) -> None:
        super().__init__()
        check_heads("AST-SED", sizes, clip)
        _check(channels, strides[1], pool=pool, row=row, up=up)
        self.encoder = PatchEncoder(
            bins,
            size=size,
            width=width,
            heads=heads,
            blocks=blocks,
            frames=frames,
            strides=strides,
            patch=patch,
            mean=mean,
            deviation=deviation,
            norm=final_norm,
            checkpoint=checkpoint,
        )
        if row is not None:
            _check_row(row, self.encoder.rows)
        self.hop, self.up, self.row = hop * strides[1] / up, up, row
        self.bins, self.row_stride, self.row_bins = bins, strides[0], patch[0]
        width, hidden = self.encoder.width, hidden or self.encoder.width
        self.norm = nn.LayerNorm(width) if out_norm else nn.Identity()
        self.fte = None
        if pool == "fte":
            tokens = self.encoder.columns if cls_per_frame else None
            self.fte = FrequencyEncoder(
                width, mlp=mlp, norm=norm, tokens=tokens, checkpoint=checkpoint
            )
        self.gru = nn.GRU(width, hidden, layers, batch_first=True, bidirectional=True)
        self.dropout = Dropout(dropout)
        self.frames = nn.Linear(2 * hidden, sizes["frames"])
        self.clip = CLIP_POOLINGS[clip](2 * hidden, sizes["clip"]) if "clip" in sizes else None

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, 1, frames, bins) -> frames: logits (batch, label frames, classes),
        clip: probabilities (batch, classes)"""
        tokens = self.encoder(features)
        x = self.norm(self.encoder.frame_grid(tokens, features.shape[2]))
        x = self.pooled(x)  # (batch, steps, width)
        # Nearest-neighbour interpolation by an integer is repeating.
        x, _ = self.gru(x.repeat_interleave(self.up, dim=1))  # (batch, label frames, 2 * hidden)
        return frames_and_clip(self.dropout(x), self.frames, self.clip)

    def pooled(self, patches: Tensor) -> Tensor:
        """(batch, rows, steps, width) -> (batch, steps, width)"""
        if self.fte is not None:
            return self.fte(patches)
        return patches.mean(1) if self.row is None else patches[:, self.row]


def rows(network: nn.Module) -> Sequence[Variation]:
    """The network with each frequency row alone in place of the mean; weights are shared.

    Source: AST-SED, section 2.2.1 and Fig. 3: trained with the mean, heard row by row.

    Errors: ValueError for a network that does not take the mean.
    """
    if not isinstance(network, ASTSED) or network.fte is not None or network.row is not None:
        raise ValueError(
            "rows are heard one by one only by a network that takes the mean over them; give a run"
            ' of ast_gru, or of another variant with model.pool = "mean"'
        )
    found = []
    for row in range(network.encoder.rows):
        alone = copy.copy(network)
        alone.row = row
        about = {"first_bin": row * network.row_stride, "bins": network.row_bins}
        found.append(Variation(f"row {row}", alone, about))
    return found


def _check(channels: int, stride: int, *, pool: str, row: int | None, up: int) -> None:
    check_choice("AST-SED", "pool", pool, POOLS)
    if channels != 1:
        raise ValueError(f"AST hears one channel of features, not {channels}")
    if row is not None and pool != "mean":
        raise ValueError('one row can stand in for the mean alone: set pool = "mean"')
    if up < 1 or stride % up:
        raise ValueError(
            f"up = {up}: a patch's step of {stride} feature frames is not cut into so many label"
            " frames; take a divisor"
        )


def _check_row(row: int, rows: int) -> None:
    if not 0 <= row < rows:
        raise ValueError(f"no row {row}; the patches have rows 0 to {rows - 1}")


ARCHITECTURE = Architecture(
    build=ASTSED,
    source="Li et al. 2023, arXiv:2303.03689; encoder: YuanGongND/ast, arXiv:2104.01778",
    notes="96.8 million parameters with 10 classes. Not in the paper: the GRU's size (768 x 2 as in"
    " the laboratory's later code; 384 fits its notation, 256 is FDY-CRNN's), the clip pooling"
    " (linear softmax, from the same code), a LayerNorm after block 10 (the same; out_norm = false"
    " leaves it out). Column 101 of the patches sees padding only and is dropped. The heads compute"
    " in float32 under autocast.",
    probes={"rows": rows},
)
