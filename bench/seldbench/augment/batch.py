"""What augmentations act on: a batch of training clips, in groups by position."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from seldbench.errors import near


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of clips or windows.

    waves: (clips, mics, samples), each a window with the features' margin before and after it;
        (clips, 0, 0) where spectra are kept and given.
    targets: by head, (clips, ...), on the same device.
    groups: (name, its positions), in order; a name is a split, or several joined by "+".
    spectrum: (clips, channels, frames, bins), None before the features.
    label_hop: hop of the targets' frames, None where no head has frames.
    statistic: of the whole clips that the windows are cut from, (clips, values); None where a
        window's own holds: it is the whole clip, or augmented.
    start: (clips,) the windows' first frames in the clips that `statistic` is of; None with it.
    heard: (clips,) the frames of each window that lie within its recording; None where all do, or
        where features have no `blank`.
    inputs: what the network is given besides the features, by the name of its argument: scores in
        [0, 1], (clips, ...).
    """

    waves: Tensor
    targets: Mapping[str, Tensor]
    groups: tuple[tuple[str, slice], ...]
    spectrum: Tensor | None = None
    label_hop: float | None = None
    statistic: Tensor | None = None
    start: Tensor | None = None
    heard: Tensor | None = None
    inputs: Mapping[str, Tensor] = field(default_factory=dict)

    def positions(self, splits: Iterable[str]) -> Tensor:
        """The clips that come from these splits, (clips,) int64 on the CPU, in order.

        Errors: ValueError for a split that is not in the batch, and for a group that only a part
        of the splits belong to.
        """
        wanted = set(splits)
        present = {split for name, _ in self.groups for split in name.split("+")}
        for split in sorted(wanted - present):
            known = ", ".join(sorted(present))
            raise ValueError(f"no split {split!r}{near(split, present)} in the batch of: {known}")
        rows = [torch.zeros(0, dtype=torch.int64)]
        for name, part in self.groups:
            own = set(name.split("+"))
            if own & wanted and not own <= wanted:
                raise ValueError(f"only a part of the group {name!r} is named: {sorted(wanted)}")
            if own <= wanted:
                rows.append(torch.arange(part.start, part.stop))
        return torch.cat(rows)

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device."""
        return replace(
            self,
            waves=self.waves.to(device, non_blocking=True),
            targets={k: v.to(device, non_blocking=True) for k, v in self.targets.items()},
            spectrum=None if self.spectrum is None else self.spectrum.to(device, non_blocking=True),
            statistic=None if self.statistic is None else self.statistic.to(device),
            start=None if self.start is None else self.start.to(device),
            heard=None if self.heard is None else self.heard.to(device),
            inputs={k: v.to(device, non_blocking=True) for k, v in self.inputs.items()},
        )

    def split(self, parts: int) -> "list[Batch]":
        """As many batches, each with the same share of every group.

        Errors: ValueError where a group's size is no multiple of `parts`.
        """
        return [self] if parts == 1 else [self._part(i, parts) for i in range(parts)]

    def _part(self, index: int, parts: int) -> "Batch":
        rows, groups, first = [], [], 0
        for name, own in self.groups:
            share, rest = divmod(own.stop - own.start, parts)
            if rest:
                raise ValueError(
                    f"the {own.stop - own.start} clips of {name!r} cannot be cut into {parts} "
                    "equal parts: choose an `accumulate` that divides every group of the batch"
                )
            start = own.start + index * share
            rows.append(torch.arange(start, start + share))
            groups.append((name, slice(first, first + share)))
            first += share
        take = torch.cat(rows).to(self.waves.device)
        return replace(
            self,
            waves=self.waves[take],
            targets={k: v[take] for k, v in self.targets.items()},
            groups=tuple(groups),
            spectrum=None if self.spectrum is None else self.spectrum[take],
            statistic=None if self.statistic is None else self.statistic[take],
            start=None if self.start is None else self.start[take],
            heard=None if self.heard is None else self.heard[take],
            inputs={k: v[take] for k, v in self.inputs.items()},
        )
