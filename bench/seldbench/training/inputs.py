"""From a batch of waves to what the network hears: augmentation and features, on the device.

Augmentations of the scene act on waves, those of the spectrum on features and targets; both are
shared by the views of a step (student and teacher). Those of the view are drawn for each view anew.
Frames beyond a recording's end are blank last, whatever augmentations made of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seldbench.augment import Augmentation, Batch
from seldbench.contracts import OutputFormat
from seldbench.errors import BadRecipe
from seldbench.training.steps import Inputs
from seldbench.windows import Windowing


@dataclass(frozen=True)
class Hearing:
    """Augmentations in order, and the features of windows."""

    windowing: Windowing
    formats: Mapping[str, OutputFormat]
    scene: Sequence[Augmentation]
    spectrum: Sequence[Augmentation]
    view: Sequence[Augmentation]
    channels_last: bool

    @torch.no_grad()
    def __call__(self, batch: Batch, draw: torch.Generator) -> tuple[Batch, Inputs]:
        """The batch with its spectrum and targets augmented, and what makes a view's features."""
        batch = self._augmented(batch, "scene", draw)
        if batch.spectrum is None:
            batch = replace(batch, spectrum=self.windowing.spectrum(batch.waves))
        batch = self._augmented(batch, "spectrum", draw)
        seeds = torch.randint(2**62, (2,), generator=draw).tolist()

        def inputs(part: Batch, view: int) -> Tensor:
            return self._view(part, torch.Generator().manual_seed(seeds[view]))

        return batch, inputs

    @torch.no_grad()
    def try_out(self, batch: Batch) -> None:
        """Every augmentation once; what it says against these features, formats or groups is found
        before the training. Raises BadRecipe."""
        draw = torch.Generator().manual_seed(0)
        self._augmented(self(batch, draw)[0], "view", draw)

    def _augmented(self, batch: Batch, where: str, draw: torch.Generator) -> Batch:
        listed = {"scene": self.scene, "spectrum": self.spectrum, "view": self.view}
        for augmentation in listed[where]:
            try:
                batch = augmentation(batch, self.windowing.features, self.formats, draw)
            except (TypeError, ValueError) as error:
                raise BadRecipe(f"augment.{where}: {error}") from error
        return batch

    @torch.no_grad()
    def _view(self, batch: Batch, draw: torch.Generator) -> Tensor:
        features = self.windowing.features
        batch = self._augmented(batch, "view", draw)
        assert batch.spectrum is not None
        statistic, start = batch.statistic, batch.start
        if statistic is None or start is None:
            statistic, start = features.statistic(batch.spectrum), None
        finished = features.finish(batch.spectrum, statistic, 0 if start is None else start)
        if batch.heard is not None:
            finished = self.windowing.blanked(finished, batch.heard)
        return finished.contiguous(memory_format=memory_format(self.channels_last))


def memory_format(channels_last: bool) -> torch.memory_format:
    return torch.channels_last if channels_last else torch.contiguous_format
