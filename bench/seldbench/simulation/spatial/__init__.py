"""The physics of spatial scenes: rooms, what two arrays hear in them, moving sources, ambience.

All waves are (8, samples) float32 at RATE (24 kHz): the channels of "foa" (W, Y, Z, X), then of
"mic" (M1 ... M4), both of one field, sample by sample: `wave[:4]`, `wave[4:]` (LAYOUTS). A label
frame is BLOCK samples (0.1 s). Directions are seen from the array.

    room = Room.draw(rng)                                       # or Room(size, array, rt60)
    bank = Bank.open(room, cache=folder, grid=FULL, progress=progress)
    path = trajectory(bank, azimuth, elevation, distance, blocks=n, speed=20.0)
    heard = render_event(dry, path, bank, rng)                  # (8, samples + bank.reach)
    noise = ambience(samples, rng, colour=Colour.draw(rng))     # (8, samples)
    scene = mixture + noise * noise_gain(mixture, noise, snr)

- `Room(size, array, rt60)`: (length, width, height), the array's place, seconds; frozen, hashable,
  tuples of floats. `Room.draw(rng)` after the statistics of the published scenes.
- `Grid(azimuths, elevations, distances)`: 360 / azimuths degrees apart from -180 on, degrees,
  metres; FULL (6480 positions) and MINI (216). `dataclasses.replace(FULL, distances=(1.0, 2.2))`.
- `Bank.open(room, *, cache, grid, progress=Quiet()) -> Bank`: builds the file in the folder `cache`
  where it is absent (a few seconds for MINI, about half a minute for FULL), else maps it; the
  mapped pages are shared by all processes that open it. Build before workers start.
  `len(bank)`, `bank.room`, `bank.grid`, `bank.reach` (samples that a sound rings on).
  Vectorised over indices: `bank.nearest(azimuth, elevation, distance) -> index` (azimuths wrap),
  `bank.doa(index)` (..., 3), `bank.angles(index)` -> whole degrees azimuth, elevation (...),
  `bank.distance(index)` (...) metres: the actual one, shorter than asked for where a wall is near,
  `bank.response(index)` (..., 8, taps).
- `trajectory(bank, azimuth, elevation, distance, *, blocks, speed=0.0) -> (blocks,) indices`: an
  arc of constant elevation, `speed` degrees a second, counter-clockwise where positive; block k's
  index is its direction in the middle of block k: labels are `bank.doa(path)`,
  `bank.angles(path)`, `bank.distance(path)`.
- `render_event(dry, path, bank, rng) -> (8, len(dry) + bank.reach)`: `dry` (samples,), as heard at
  1 m in the open; `path` one index or one a block (ceil(len(dry) / BLOCK) of them). `rng` draws the
  late reverberation: one event, one generator.
- `ambience(samples, rng, *, colour) -> (8, samples)`: isotropic noise, W of unit power.
  `Colour.draw(rng)`: a room's own.
- `noise_gain(target, noise, snr) -> float`: energies on W over the whole clip, decibels.
"""

from seldbench.simulation.spatial.ambience import Colour, ambience, noise_gain
from seldbench.simulation.spatial.bank import Bank
from seldbench.simulation.spatial.grid import FULL, MINI, Grid
from seldbench.simulation.spatial.moving import render_event, trajectory
from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import BLOCK, LAYOUTS, RATE

__all__ = [
    "BLOCK",
    "FULL",
    "LAYOUTS",
    "MINI",
    "RATE",
    "Bank",
    "Colour",
    "Grid",
    "Room",
    "ambience",
    "noise_gain",
    "render_event",
    "trajectory",
]
