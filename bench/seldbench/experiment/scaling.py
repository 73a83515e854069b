"""The features' scaling: fitted once, before the training, on the splits that the recipe names, and
kept beside the weights with the names of those splits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from seldbench.contracts import Clip, Progress
from seldbench.experiment.assembly import Assembly, load_scaling
from seldbench.training import checkpoint


def fit_scaling(
    assembly: Assembly,
    clips: Sequence[Clip],
    path: Path,
    *,
    device: torch.device,
    progress: Progress,
) -> None:
    """Fit the features on whole clips unless `path` holds the fit; nothing where none is needed."""
    features = assembly.windowing.features
    if not features.fitted:
        return
    if not path.exists():
        splits = assembly.stage.fitted_on
        progress.say(f"scaling {assembly.stage.features.name} on {', '.join(splits)}")
        features.fit(_spectra(assembly, clips, device, progress))
        checkpoint.save(path, assembly.features.state_dict(), {"fitted_on": splits})
    load_scaling(assembly, path)


def _spectra(
    assembly: Assembly, clips: Sequence[Clip], device: torch.device, progress: Progress
) -> Iterator[Tensor]:
    for done, clip in enumerate(clips, start=1):
        yield assembly.windowing.whole_spectrum(clip, device)
        progress.advance("scaling", done, len(clips))
