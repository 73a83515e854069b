"""Image sources of a shoebox room: every early reflection is a mirrored source in the open field.

Source: Allen and Berkley 1979. For an axis of length L with the source at s, images stand at
s + 2mL (2|m| wall hits) and -s + 2mL (|2m - 1| hits) for all whole m.
"""

from dataclasses import dataclass

import numpy as np

from seldbench.simulation.spatial.rooms import Room
from seldbench.simulation.spatial.sampling import EARLY, RATE, SOUND, Array


@dataclass(frozen=True, eq=False)
class Images:
    """The images of several sources; a plane wave each, at the array.

    owner: whose image, (images,); doa: unit vectors seen from the array, (images, 3);
    distance: metres, (images,); hits: wall hits, 0 for the source itself, (images,);
    gain: pressure relative to the open field at 1 m (Allen and Berkley's, times 4 pi), (images,).
    """

    owner: Array
    doa: Array
    distance: Array
    hits: Array
    gain: Array


def image_sources(
    room: Room, sources: Array, reflection: float, seconds: float = EARLY / RATE
) -> Images:
    """All images whose sound arrives within `seconds` of being made.

    Args:
        sources: places in the room, from its corner, (sources, 3) metres.
        reflection: pressure that a wall returns; 0 leaves the sources alone.
    """
    reach = seconds * SOUND
    axes = [_axis(*one, reach) for one in zip(room.size, room.array, np.asarray(sources).T)]
    (x, hits_x), (y, hits_y), (z, hits_z) = axes
    squared = (
        np.square(x)[:, :, None, None]
        + np.square(y)[:, None, :, None]
        + np.square(z)[:, None, None, :]
    )
    near = squared <= reach**2
    if reflection == 0:
        near &= (hits_x[:, None, None] + hits_y[:, None] + hits_z) == 0
    owner, i, j, k = np.nonzero(near)
    place = np.stack([x[owner, i], y[owner, j], z[owner, k]], axis=1)
    distance = np.sqrt(squared[owner, i, j, k])
    hits = hits_x[i] + hits_y[j] + hits_z[k]
    return Images(owner, place / distance[:, None], distance, hits, reflection**hits / distance)


def _axis(length: float, array: float, source: Array, reach: float) -> tuple[Array, Array]:
    """Places relative to the array along one axis, (sources, images), and wall hits, (images,)."""
    most = int(np.ceil((reach / length + 2) / 2))
    m = np.arange(-most, most + 1)
    places = np.concatenate(
        [2 * m * length + source[:, None], 2 * m * length - source[:, None]], axis=1
    )
    return places - array, np.concatenate([2 * np.abs(m), np.abs(2 * m - 1)])
