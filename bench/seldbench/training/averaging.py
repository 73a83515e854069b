"""The mean of a network's weights over the ends of several epochs.

Kept as one running sum in the type and the order of the official code, which adds the checkpoints
of the epochs one by one and divides at the end: parameters and normalisation statistics alike.
Source: YuanGongND/ast, src/traintest.py, validate_wa.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass
class Average:
    """The weights after epochs `first` to `last`, summed as far as the training is; on the CPU."""

    first: int
    last: int
    sums: dict[str, Tensor] = field(default_factory=dict)

    def add(self, network: nn.Module, epoch: int) -> None:
        """Called after every epoch; those outside the range change nothing."""
        if not self.first <= epoch <= self.last:
            return
        for name, tensor in network.state_dict().items():
            now = tensor.detach().cpu()
            # Counters are no weights: the last epoch's stay (the official code's mean of them
            # would be rounded down).
            if name in self.sums and now.is_floating_point():
                self.sums[name] += now
            else:
                self.sums[name] = now.clone()

    def restore(self, sums: Mapping[str, Tensor]) -> None:
        """Go on from what `sums` was."""
        self.sums = dict(sums)

    def mean(self) -> dict[str, Tensor]:
        """The mean, once the last epoch was added."""
        count = self.last - self.first + 1
        return {n: t / count if t.is_floating_point() else t for n, t in self.sums.items()}
