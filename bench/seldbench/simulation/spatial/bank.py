"""The responses of a room at all positions of a grid, made once and kept on disk."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import write_array_header_2_0

from seldbench.arrays import MIC_ANGLES, MIC_RADIUS
from seldbench.contracts import Progress, Quiet
from seldbench.errors import BadFile
from seldbench.simulation.seeds import digest
from seldbench.simulation.spatial import tail
from seldbench.simulation.spatial.early import early_responses
from seldbench.simulation.spatial.grid import Grid
from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import CHANNELS, EARLY, RATE, Array, Numbers
from seldbench.storage import atomic

VERSION = 1  # raised by every change that changes a response
_TOGETHER = 8  # positions made at a time: some 40 MB


@dataclass(frozen=True, eq=False)
class Bank:
    """Early responses, (positions, 8, EARLY) float32, mapped from `file`; `open` makes one."""

    room: Room
    grid: Grid
    file: Path

    @staticmethod
    def open(room: Room, *, cache: Path, grid: Grid, progress: Progress | None = None) -> "Bank":
        """The bank of a room: its file in the folder `cache` where that is there, else built.

        The file's name holds a digest of all that determines it. Where several processes build
        the same bank at once, each builds it and the last one's file stays: build before they
        start.

        Raises:
            WriteFailed: the file could not be written.
        """
        key = digest(VERSION, room, grid, RATE, EARLY, MIC_RADIUS, MIC_ANGLES).hex()[:16]
        bank = Bank(room, grid, cache / f"bank-{key}.npy")
        if not bank.file.exists():
            _build(bank, progress or Quiet())
        return bank

    def __len__(self) -> int:
        return int(np.prod(self.grid.shape))

    @property
    def reach(self) -> int:
        """Samples that a sound rings on after its last."""
        return tail.samples(self.room.rt60) - 1

    def nearest(self, azimuth: Numbers, elevation: Numbers, distance: Numbers) -> Array:
        """Indices of the positions nearest in azimuth, then elevation, then distance: (...)."""
        return self.grid.nearest(azimuth, elevation, distance, self.room)

    def doa(self, index: Array | int) -> Array:
        """Unit vectors, (..., 3)."""
        return self.grid.doa(index)

    def angles(self, index: Array | int) -> tuple[Array, Array]:
        """Azimuth in [-180, 180) and elevation, whole degrees: (...), (...)."""
        return self.grid.angles(index)

    def distance(self, index: Array | int) -> Array:
        """Metres, (...); less than the grid's where a wall is near."""
        return self.grid.distance(index, self.room)

    def response(self, index: Array | int) -> Array:
        """Early responses, (..., 8, EARLY), faded out over the last 10 ms."""
        return self._responses[index]

    @cached_property
    def _responses(self) -> Array:
        """Raises BadFile where the file is not what `open` wrote."""
        shape = (len(self), CHANNELS, EARLY)
        try:
            found = np.load(self.file, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise BadFile(f"{self.file}: {error}; remove it, it is built again") from None
        if found.shape != shape or found.dtype != np.float32:
            raise BadFile(
                f"{self.file}: {found.dtype} {found.shape}, expected float32 {shape}; remove it,"
                " it is built again"
            )
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Bank, (self.room, self.grid, self.file)  # without the mapped responses


def _build(bank: Bank, progress: Progress) -> None:
    count = len(bank)
    header = {"descr": "<f4", "fortran_order": False, "shape": (count, CHANNELS, EARLY)}
    with atomic(bank.file) as temporary, temporary.open("wb") as file:
        write_array_header_2_0(file, header)
        for start in range(0, count, _TOGETHER):  # memory holds one step, whatever the bank's size
            index = np.arange(start, min(start + _TOGETHER, count))
            places = bank.room.array + bank.doa(index) * bank.distance(index)[:, None]
            file.write(early_responses(bank.room, places).astype("<f4", copy=False).tobytes())
            if start // _TOGETHER % 32 == 0:
                progress.advance("room", start, count, bank.file.name)
    progress.advance("room", count, count, bank.file.name)
