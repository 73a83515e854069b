"""FB-CRNN: one GRU that hears a clip forwards, another that hears it backwards, over one CNN.

Source: Ebbers and Haeb-Umbach, DCASE 2022 task 4; fgnt/pb_sed, pb_sed/models/weak_label/crnn.py and
experiments/weak_label_crnn/training.py.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from seldbench.contracts import Architecture
from seldbench.errors import near
from seldbench_baselines.pb_cnn import Depth, HybridCNN, Output

HEADS = ("bounds", "clip", "frames")
SQUEEZE = 1e-5  # scores lie in [1e-5, 1 - 1e-5], as in the format `boundaries`
WINDOWS = 1024  # short windows that are heard at a time: what bounds the memory


class Tagger(nn.Module):
    """A GRU over frames in one direction, and logits of every frame."""

    def __init__(self, inputs: int, hidden: int, layers: int, classes: int, back: bool) -> None:
        super().__init__()
        self.gru = nn.GRU(inputs, hidden, layers, batch_first=True)
        self.output = Output(hidden, hidden, classes)
        self.back = back

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) -> (batch, frames, classes)"""
        return self.output(self._heard(x))

    def last(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) -> logits of all that is heard, (batch, classes)"""
        end = 0 if self.back else -1
        return self.output(self._heard(x)[:, end, None])[:, 0]

    def _heard(self, x: Tensor) -> Tensor:
        if not self.back:
            return self.gru(x)[0]
        return self.gru(x.flip(1))[0].flip(1)


class FBCRNN(nn.Module):
    """Features -> forward and backward scores; tags; strong scores from short windows.

    Args:
        channels, bins, hop: of the features.
        sizes: {"bounds": 2 * classes}, and perhaps "clip" and "frames", of the classes each.
        depth: "shallow" (9 + 5 convolutions) or "deep" (18 + 8, with residual connections).
        base: channels of the first convolution: 16 for the published width 1, 32 for width 2.
        hidden, layers: of each GRU; hidden None is 16 * base.
        window: frames, odd, that "frames" hears around every frame; one for all, or one a class.

    "clip" holds probabilities: the mean of the last forward and the first backward score. "frames"
    holds the logits of that mean, of a short window around every frame; there is nothing to train
    in it, and in training, where it would take `window` times as long, it is the smaller of both
    scores.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        depth: Depth = "shallow",
        base: int = 16,
        hidden: int | None = None,
        layers: int = 2,
        window: int | Sequence[int] = 31,
    ) -> None:
        super().__init__()
        classes = _classes(sizes)
        self.windows = [window] * classes if isinstance(window, int) else list(window)
        _check_windows(self.windows, classes)
        self.hop, self.heads = hop, tuple(sizes)
        self.cnn = HybridCNN(channels, bins, depth=depth, base=base)
        width, hidden = self.cnn.width, 16 * base if hidden is None else hidden
        self.forwards = Tagger(width, hidden, layers, classes, back=False)
        self.backwards = Tagger(width, hidden, layers, classes, back=True)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> bounds: logits (batch, frames, 2 * classes),
        clip: probabilities (batch, classes), frames: logits (batch, frames, classes)"""
        x = self.cnn(features)  # (batch, frames, width)
        ahead, back = self.forwards(x), self.backwards(x)
        outputs = {"bounds": torch.cat([ahead, back], dim=-1)}
        if "clip" in self.heads:
            outputs["clip"] = (_score(ahead[:, -1]) + _score(back[:, 0])) / 2
        if "frames" in self.heads:
            short = torch.minimum(ahead, back) if self.training else self._by_windows(x).logit()
            outputs["frames"] = short
        return outputs

    def _by_windows(self, x: Tensor) -> Tensor:
        """Tags of the short window around every frame: (batch, frames, width) -> probabilities
        (batch, frames, classes). A clip is 0 beyond its ends."""
        scores = x.new_empty(*x.shape[:2], len(self.windows), dtype=torch.float32)
        for length in sorted(set(self.windows)):
            own = [k for k, n in enumerate(self.windows) if n == length]
            scores[..., own] = self._tagged(x, length)[..., own]
        return scores

    def _tagged(self, x: Tensor, length: int) -> Tensor:
        around = functional.pad(x, (0, 0, length // 2, length // 2))
        cuts = around.unfold(1, length, 1)  # (batch, frames, width, length), a view
        tags = [
            (_score(self.forwards.last(part)) + _score(self.backwards.last(part))) / 2
            for clip in cuts
            for part in (chunk.transpose(1, 2) for chunk in clip.split(WINDOWS))
        ]
        return torch.cat(tags).unflatten(0, x.shape[:2])


def _score(logits: Tensor) -> Tensor:
    return SQUEEZE + (1 - 2 * SQUEEZE) * logits.float().sigmoid()


def _classes(sizes: Mapping[str, int]) -> int:
    for head in sizes:
        if head not in HEADS:
            raise ValueError(f"fb_crnn: no head {head!r}{near(head, HEADS)}; {', '.join(HEADS)}")
    if "bounds" not in sizes or sizes["bounds"] % 2:
        raise ValueError("fb_crnn: needs a head named 'bounds', of two scores a class")
    classes = sizes["bounds"] // 2
    if any(size != classes for head, size in sizes.items() if head != "bounds"):
        raise ValueError(f"fb_crnn: the heads are of different classes: {dict(sizes)}")
    return classes


def _check_windows(windows: Sequence[int], classes: int) -> None:
    if len(windows) != classes:
        raise ValueError(f"fb_crnn: {len(windows)} windows for {classes} classes")
    for length in windows:
        if length < 1 or length % 2 == 0:
            raise ValueError(f"fb_crnn: a window of {length} frames has no middle: give an odd one")


ARCHITECTURE = Architecture(
    build=FBCRNN,
    source="Ebbers and Haeb-Umbach 2022, DCASE 2022 task 4; fgnt/pb_sed, models/weak_label/crnn.py",
    notes="Pre-training on AudioSet is not part of it: start from weights of your own (--init).",
)
