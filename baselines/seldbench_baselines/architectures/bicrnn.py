"""BiCRNN: a bidirectional GRU over the CNN of FB-CRNN, strong labels; perhaps told a clip's tags.

Source: Ebbers and Haeb-Umbach, DCASE 2022 task 4; fgnt/pb_sed, pb_sed/models/strong_label/crnn.py
and experiments/strong_label_crnn/{training,inference}.py.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seldbench.contracts import Architecture
from seldbench.errors import near
from seldbench_baselines.pb_cnn import Depth, HybridCNN, Output

HEADS = ("frames", "clip")
DECIDED = 0.5


class BiCRNN(nn.Module):
    """Features, and perhaps tags, -> frame logits.

    Args:
        channels, bins, hop: of the features.
        sizes: {"frames": classes}, and perhaps "clip": the largest probability of any frame.
        tag_conditioned: whether the clip's tags are heard too: as constant channels at the input of
            both stacks of convolutions and of the GRU. A tag counts where it is above 0.5: at test
            the tags are another system's scores, which pb_sed decides as well.
        depth: "shallow" or "deep", see `HybridCNN`.
        base: channels of the first convolution: 16 for the published width 1, 32 for width 2.
        hidden, layers: of the GRU, a direction; hidden None is 16 * base.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        tag_conditioned: bool = False,
        depth: Depth = "shallow",
        base: int = 16,
        hidden: int | None = None,
        layers: int = 2,
    ) -> None:
        super().__init__()
        _check(sizes)
        classes = sizes["frames"]
        self.hop, self.heads = hop, tuple(sizes)
        self.tags = classes if tag_conditioned else 0
        self.cnn = HybridCNN(channels, bins, tags=self.tags, depth=depth, base=base)
        width = self.cnn.width
        hidden = 16 * base if hidden is None else hidden
        self.gru = nn.GRU(width + self.tags, hidden, layers, batch_first=True, bidirectional=True)
        self.output = Output(2 * hidden, width, classes)

    def forward(self, features: Tensor, tags: Tensor | None = None) -> dict[str, Tensor]:
        """(batch, channels, frames, bins), (batch, classes) -> frames: logits
        (batch, frames, classes), clip: probabilities (batch, classes)

        Errors: ValueError for a conditioned network without tags, and the other way round.
        """
        decided = self._decided(tags, len(features))
        x = self.cnn(features, decided)  # (batch, frames, width)
        if decided is not None:
            wide = decided.to(x.dtype)[:, None].expand(-1, x.shape[1], -1)
            x = torch.cat([x, wide], dim=-1)
        x, _ = self.gru(x)  # (batch, frames, 2 * hidden)
        outputs = {"frames": self.output(x)}
        if "clip" in self.heads:
            outputs["clip"] = outputs["frames"].sigmoid().amax(1)
        return outputs

    def _decided(self, tags: Tensor | None, clips: int) -> Tensor | None:
        if (tags is None) == bool(self.tags):
            raise ValueError(
                "bicrnn: tag_conditioned, but no tags are given: name where they come from in"
                " `inputs.tags`"
                if tags is None
                else "bicrnn: tags are given, but it is not tag_conditioned"
            )
        if tags is None:
            return None
        if tags.shape != (clips, self.tags):
            raise ValueError(f"bicrnn: tags are {tuple(tags.shape)}, not {(clips, self.tags)}")
        return (tags > DECIDED).float()


def _check(sizes: Mapping[str, int]) -> None:
    for head in sizes:
        if head not in HEADS:
            raise ValueError(f"bicrnn: no head {head!r}{near(head, HEADS)}; {', '.join(HEADS)}")
    if "frames" not in sizes:
        raise ValueError("bicrnn: needs a head named 'frames'")
    if sizes.get("clip", sizes["frames"]) != sizes["frames"]:
        raise ValueError(f"bicrnn: the heads are of different classes: {dict(sizes)}")


ARCHITECTURE = Architecture(
    build=BiCRNN,
    source="Ebbers and Haeb-Umbach 2022, DCASE 2022 task 4; fgnt/pb_sed, "
    "models/strong_label/crnn.py",
    notes="Pre-training on AudioSet is not part of it: start from weights of your own (--init).",
)
