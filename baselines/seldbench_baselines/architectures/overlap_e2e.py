"""Overlapping end-to-end learning: localisation (SSL), separation (SSS) and classification (SSC) of
one source of a mixture, alone or joined, with one separation or with two that a gate makes one.

Source: Long et al., "Sound event localization and detection utilizing overlapping end-to-end
learning": blocks, their inputs and outputs, kernels (Figure 2). Widths, counts and the mask are
those of public code of a co-author. See `ARCHITECTURE.notes` for what is ours.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from seldbench.contracts import Architecture
from seldbench_baselines.clip_pooling import check_choice
from seldbench_baselines.separation import Classifier, Gate, MaskUNet

PARTS = ("ssl", "sss", "ssc")
HEADS = {"direction": "ssl", "spectrogram": "sss", "class": "ssc"}
LINKS = ("soft", "hard")
DIRECTIONS = ("one", "any")


class OverlapE2E(nn.Module):
    """Features of a mixture -> direction, image and class of one of its sources.

    SSL says from which directions sounds come; its answer, or a direction that is given, becomes a
    map for SSS, as many channels as directions beside the features; SSS says the image of the
    source there, and SSC names the source of an image. Its modules are `ssl`, `sss` or (`overlap`)
    `sss_a`, `sss_b` and `gate`, and `ssc`.

    Args:
        channels, bins, hop: of the features; the first channel is the mixture's image. SSC alone
            hears an image and nothing else.
        sizes: {head: outputs} of heads "direction", "spectrogram", "class", each of a part that is
            there; SSC needs its own.
        parts: what is built: one of "ssl", "sss", "ssc", or successive ones.
        overlap: two separations, which hear the same, and a gate between them and SSC.
        link: how SSL's answer reaches SSS: "soft", as it is, or "hard", the direction of its
            maximum alone, through which no gradient flows.
        directions: "one" source is asked for: SSL is a softmax over directions; "any": it is a
            sigmoid each, and a direction that is given asks for the source there.
        count: directions.
        width: filters of the first convolution of all parts, of which all others (and the dense
            layers of SSL and SSC) are multiples: 64 in public code.
        gate: see `separation.Gate`.
        dropout: of SSL and SSC.
        bypass_bottleneck: see `separation.MaskUNet`.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        hop: float,
        sizes: Mapping[str, int],
        *,
        parts: Sequence[str] = PARTS,
        overlap: bool = False,
        link: str = "soft",
        directions: str = "one",
        count: int = 8,
        width: int = 64,
        gate: str = "softmax",
        dropout: float = 0.3,
        bypass_bottleneck: bool = False,
    ) -> None:
        super().__init__()
        check_choice("overlap_e2e", "link", link, LINKS)
        check_choice("overlap_e2e", "directions", directions, DIRECTIONS)
        _check(parts, overlap, sizes, {"direction": count, "spectrogram": bins})
        if list(parts) == ["ssc"] and channels != 1:
            raise ValueError(
                f"overlap_e2e: SSC alone hears the image of a source, not {channels} channels: take"
                " features of one, such as `log_magnitude`"
            )
        self.link, self.directions, self.hop = link, directions, hop
        self.ssl = self.ssc = None
        self.separations: tuple[str, ...] = ()
        if "ssl" in parts:
            self.ssl = Classifier(channels, count, width=width, dropout=dropout)
        if "sss" in parts:
            self.separations = ("sss_a", "sss_b") if overlap else ("sss",)
            for name in self.separations:
                unet = MaskUNet(channels + count, width=width, bypass=bypass_bottleneck)
                self.add_module(name, unet)
            self.gate = Gate(gate) if overlap else None
        if "ssc" in parts:
            self.ssc = Classifier(1, sizes["class"], width=width, dropout=dropout)

    def forward(
        self, features: Tensor, direction: Tensor | None = None, separated: Tensor | None = None
    ) -> dict[str, Tensor]:
        """(batch, channels, frames, bins) -> of the parts that there are, but of "any" source the
        direction alone where none is given: nobody is asked for then.
        direction: probabilities, (batch, count)
        spectrogram: (batch, frames, estimates, bins), the answer and, of two separations, both
        class: probabilities, (batch, classes)

        Args:
            direction: (batch, count), one-hot: whose source is asked for, in the place of what SSL
                says; of "any" with a soft link, SSL's probability of it. None: as SSL says.
            separated: (batch, frames, bins), heard and said in the place of a separation.

        Errors: ValueError for frames or bins that cannot be halved, and for inputs that are missing
            or that no part takes.
        """
        self._check_inputs(direction, separated)
        said: dict[str, Tensor] = {}
        if self.ssl is not None:
            said["direction"] = self._probabilities(self.ssl(features))
            if self.directions == "any" and direction is None and separated is None:
                return said
        image = features
        if self.separations:
            if separated is None:
                heard = self._map(said.get("direction"), direction)
                said["spectrogram"] = self._separated(features, heard)
            else:
                estimates = 1 if self.gate is None else 1 + len(self.separations)
                said["spectrogram"] = separated.unsqueeze(2).expand(-1, -1, estimates, -1)
            image = said["spectrogram"][:, None, :, 0]  # (batch, 1, frames, bins)
        if self.ssc is not None:
            said["class"] = self.ssc(image).softmax(1)
        return said

    def _probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1) if self.directions == "one" else logits.sigmoid()

    def _map(self, said: Tensor | None, given: Tensor | None) -> Tensor:
        """What SSS hears of directions: (batch, count)"""
        if said is None or given is not None:
            assert given is not None  # _check_inputs
            softly = self.link == "soft" and self.directions == "any"
            return given if said is None or not softly else said * given
        if self.link == "soft":
            return said
        return functional.one_hot(said.argmax(1), said.shape[1]).to(said.dtype)

    def _separated(self, features: Tensor, directions: Tensor) -> Tensor:
        """(batch, frames, estimates, bins)"""
        frames, bins = features.shape[2:]
        maps = directions.to(features.dtype)[:, :, None, None].expand(-1, -1, frames, bins)
        if features.is_contiguous(memory_format=torch.channels_last):
            # Else what they are joined to is copied into this order, convolution by convolution.
            maps = maps.contiguous(memory_format=torch.channels_last)
        heard = torch.cat([features, maps], dim=1)
        images = [self.get_submodule(name)(heard) for name in self.separations]
        answer = images if self.gate is None else [self.gate(*images), *images]
        return torch.stack(answer, dim=2)

    def _check_inputs(self, direction: Tensor | None, separated: Tensor | None) -> None:
        if not self.separations:
            given = {"direction": direction, "separated": separated}
            for name in (name for name, value in given.items() if value is not None):
                raise ValueError(f"overlap_e2e: no part takes {name!r}: leave the input out")
        elif self.ssl is None and direction is None and separated is None:
            raise ValueError(
                "overlap_e2e: SSS needs a direction: give it as input `direction`, or build `ssl`"
            )


def _check(
    parts: Sequence[str], overlap: bool, sizes: Mapping[str, int], known: Mapping[str, int]
) -> None:
    """Raises ValueError for parts that do not follow each other, and heads that they have not."""
    for part in parts:
        check_choice("overlap_e2e", "part", part, PARTS)
    runs = [list(PARTS[i:j]) for i in range(3) for j in range(i + 1, 4)]
    if list(parts) not in runs:
        raise ValueError(
            f"overlap_e2e: parts = {list(parts)}: name one, or successive ones in the order of"
            f" {', '.join(PARTS)}"
        )
    if overlap and "sss" not in parts:
        raise ValueError("overlap_e2e: overlap = true makes two of `sss`, which is not built")
    for head, size in sizes.items():
        check_choice("overlap_e2e", "head", head, HEADS)
        if HEADS[head] not in parts:
            raise ValueError(f"overlap_e2e: head {head!r} is of {HEADS[head]!r}, not built")
        if known.get(head, size) != size:
            raise ValueError(f"overlap_e2e: head {head!r} has {known[head]} outputs, not {size}")
    if "ssc" in parts and "class" not in sizes:
        raise ValueError("overlap_e2e: `ssc` needs its head, 'class', to know how many there are")


ARCHITECTURE = Architecture(
    build=OverlapE2E,
    source="Long et al., overlapping end-to-end learning; Sudo et al. 2019, IROS (Mask U-Net)",
    notes="32,145,877 parameters with overlap, 15 channels and 75 classes: SSL 5,229,640, each SSS"
    " 10,812,993, SSC 5,290,251, the gate none. The paper has kernels, inputs and outputs. Ours:"
    " SSL and SSC are the classifier of a co-author's public code (64 to 512 filters, 1024 hidden),"
    " SSS its U-Net with the deepest level connected (`bypass_bottleneck` leaves it out, as there:"
    " 9,764,417); the softmax gate acts in each bin and has no parameters; softmax of SSL and SSC,"
    ' sigmoid of SSL with directions = "any"; what links are hard or soft. No code of the paper is'
    " public.",
)
