"""Tracks without an order of their own: windows are aligned before they are averaged, frames before
runs of them become events."""

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from seldbench.events import EventList
from seldbench.formats._directions import directed_events
from seldbench.geometry import angular_distance

Array = np.ndarray

# Two directions of neighbouring frames are of one source where they are nearer than this: sources
# of the data sets move by up to 4 degrees in a frame, and estimates scatter.
JUMP = 45.0


def permuted(tracks: int, device: torch.device | None = None) -> Tensor:
    """(permutations, tracks), the identity first."""
    return torch.tensor(list(permutations(range(tracks))), device=device)


def reordered(values: Tensor, order: Tensor) -> Tensor:
    """(..., tracks, values) by (..., tracks) indices of tracks."""
    index = order.unsqueeze(-1).expand(*order.shape, values.shape[-1])
    return values.gather(-2, index)


def aligned_average(
    windows: Tensor, starts: Sequence[int], frames: int, position: Callable[[Tensor], Tensor]
) -> Tensor:
    """(windows, window frames, ..., tracks, values) at frames `starts` -> (frames, ..., tracks,
    values), overlaps averaged.

    Before it is added, a window's tracks are put, frame by frame and cell by cell, in the order in
    which they lie nearest to the mean of the windows before it. What reaches beyond `frames` is
    cut; frames after the end of the last window are left out.

    Args:
        position: (..., tracks, values) -> (..., tracks, coordinates) whose squared distance tells
            how near two tracks are.

    Errors: ValueError where a frame before the end of the last window lies in none.
    """
    length = windows.shape[1]
    frames = min(frames, max(starts) + length)
    total = windows.new_zeros(frames, *windows.shape[2:])
    count = windows.new_zeros(frames, *[1] * (windows.dim() - 2))
    for window, start in zip(windows, starts, strict=True):
        here = slice(start, start + length)
        window = window[: max(frames - start, 0)]
        if bool((count[here] > 0).any()):
            mean = total[here] / count[here].clamp(min=1)
            window = reordered(window, nearest(position(window), position(mean)))
        total[here] += window
        count[here] += 1
    empty = (count == 0).flatten().nonzero()
    if len(empty):
        raise ValueError(f"frame {int(empty[0])} of {frames} lies in no window")
    return total / count


def nearest(positions: Tensor, goal: Tensor) -> Tensor:
    """The order of tracks, (..., tracks), in which the sum of squared distances to the goal's is
    least; (..., tracks, coordinates) both. The identity where it is one of the best."""
    # The squares do not depend on the order: the sum of products decides.
    products = goal @ positions.transpose(-1, -2)  # (..., goal's track, track)
    orders = permuted(positions.shape[-2], positions.device)
    places = torch.arange(orders.shape[1], device=positions.device)
    sums = products[..., places, orders].sum(-1)  # (..., orders)
    return orders[sums.argmax(-1)]


def linked(active: Array, doa: Array) -> Array:
    """The track of every frame that continues each track of the first one: from frame to frame,
    active tracks follow those whose directions are nearest.

    Args:
        active: (frames, classes, tracks) bool. doa: (frames, classes, tracks, 3) unit vectors.

    Returns:
        (frames, classes, tracks) indices of tracks.
    """
    orders = permuted(active.shape[2]).numpy()
    if not len(active):
        return np.zeros(active.shape, dtype=np.int64)
    before, after = active[:-1, :, :, None], active[1:, :, None, :]
    angle = angular_distance(doa[:-1, :, :, None], doa[1:, :, None, :])
    # A source that ends and one that begins cost as much together as a jump.
    cost = np.where(before & after, angle, np.where(before != after, JUMP / 2, 0.0))
    places = np.arange(orders.shape[1])
    step = orders[cost[..., places, orders].sum(-1).argmin(-1)]  # (frames - 1, classes, tracks)
    first = np.broadcast_to(places, (1, *active.shape[1:]))
    return _composed(np.concatenate([first, step]))


def followed(
    active: Array,
    doa: Array,
    classes: Sequence[str],
    *,
    hop: float,
    duration: float,
    distance: Array | None = None,
) -> EventList:
    """Events of tracks whose order is free in every frame; the arguments are those of
    `_directions.directed_events`. A track that goes on JUMP or more away is another event."""
    order = linked(active, doa)
    active = np.take_along_axis(active, order, -1)
    doa = np.take_along_axis(doa, order[..., None], -2)
    return directed_events(
        active,
        doa,
        classes=classes,
        hop=hop,
        duration=duration,
        distance=None if distance is None else np.take_along_axis(distance, order, -1),
        fresh=jumps(doa),
    )


def jumps(doa: Array) -> Array:
    """Where a track goes on from another direction, as another source does: (frames, classes,
    tracks, 3) -> (frames, classes, tracks) bool."""
    far = angular_distance(doa[:-1], doa[1:]) >= JUMP
    return np.concatenate([np.zeros_like(far, shape=(1, *doa.shape[1:-1])), far])[: len(doa)]


def _composed(steps: Array) -> Array:
    """Permutations one after the other: row t is what rows 0 ... t give in turn."""
    chain, width = steps.copy(), 1
    while width < len(chain):
        chain[width:] = np.take_along_axis(chain[width:], chain[:-width], axis=-1)
        width *= 2
    return chain
