"""Spectra of whole clips, kept on disk while a stage trains, so that a CPU computes them once and
not in every epoch. A clip's is a memory-mapped .npy: only the frames of a window are read.
"""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from seldbench.contracts import Clip
from seldbench.storage import atomic

Array = np.ndarray


class SpectrumStore:
    """Closed at first: nothing is kept then."""

    def __init__(self) -> None:
        self.folder: Path | None = None

    def open(self, folder: Path) -> None:
        """Keep spectra in `folder` from now on; those that are there are used."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def close(self) -> None:
        """Remove what was kept."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None

    def get(self, clip: Clip, layout: str, make: Callable[[], Array]) -> Array:
        """A clip's spectrum, mapped from its file; made and written if it is not there."""
        assert self.folder is not None
        # Clips of two splits may share an id: the recording tells them apart.
        identity = f"{clip.id}\x1f{clip.recordings[layout]!r}".encode()
        path = self.folder / f"{hashlib.sha256(identity).hexdigest()[:24]}.npy"
        if not path.exists():
            with atomic(path) as temporary, temporary.open("wb") as file:
                np.save(file, make())
        return np.load(path, mmap_mode="r")
