"""Times and frames, what formats with a frame axis share. Frame k is [k * hop, (k + 1) * hop)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.ndimage import median_filter
from torch import Tensor

from seldbench.contracts import PostProcessing
from seldbench.errors import UnknownName, near
from seldbench.events import Event, EventList

Array = np.ndarray

# Times are decimal and hops are not: an offset that lies on a frame's edge may be computed a little
# beyond it. A millionth of a frame is far below the microsecond of any annotation.
EDGE = 1e-6


def touched(onset: float, offset: float, hop: float) -> tuple[int, int]:
    """The frames [first, last) that an event touches, before clipping to the window.

    Source: floor of the onset, ceiling of the offset, as DCASE-REPO/DESED_task,
    desed_task/utils/encoder.py.
    """
    return int(np.floor(onset / hop + EDGE)), int(np.ceil(offset / hop - EDGE))


def activity(
    events: EventList, classes: Sequence[str], *, onset: float, frames: int, hop: float
) -> Array:
    """Who sounds in the window that begins at `onset`: (frames, classes) of 0 and 1, float32.

    Errors: UnknownName for an event's label that is not among the classes.
    """
    active = np.zeros((frames, len(classes)), dtype=np.float32)
    for event in events:
        first, last = touched(event.onset - onset, event.offset - onset, hop)
        active[max(first, 0) : max(last, 0), class_index(event.label, classes)] = 1.0
    return active


def class_index(label: str, classes: Sequence[str]) -> int:
    """Errors: UnknownName."""
    try:
        return classes.index(label)
    except ValueError:
        raise UnknownName(f"no class {label!r}{near(label, classes)} among {classes}") from None


def odd_frames(seconds: float, hop: float) -> int:
    """The odd number of frames nearest to a filter length (the larger of two); 0 for 0 seconds."""
    if seconds < 0:
        raise ValueError(f"a median filter of {seconds} s: lengths are not negative")
    return 2 * int(np.floor(seconds / hop / 2 + EDGE)) + 1 if seconds > 0 else 0


def median(scores: Array, lengths: Sequence[int]) -> Array:
    """Median filter over frames, one length a class; edges reflected, the edge frame repeated.

    Args:
        scores: (frames, classes).
        lengths: frames by class, odd; 0 and 1 leave a class as it is.

    Errors: ValueError for an even length: it would move every boundary by half a frame.
    Source: scipy.ndimage.median_filter with its default edges, as the DESED and FDY code use it.
    """
    even = [n for n in lengths if n and n % 2 == 0]
    if even:
        raise ValueError(f"median filter of {even[0]} frames: the length must be odd")
    smooth = scores.copy()
    for length in sorted({n for n in lengths if n > 1}):
        of_length = [k for k, n in enumerate(lengths) if n == length]
        smooth[:, of_length] = median_filter(scores[:, of_length], size=(length, 1))
    return smooth


def by_class(values: Mapping[str, float], classes: Sequence[str], what: str) -> Array:
    """(classes,) in the classes' order; UnknownName for a class without a value."""
    missing = [c for c in classes if c not in values]
    if missing:
        raise UnknownName(f"no {what} for class {missing[0]!r}{near(missing[0], values)}")
    return np.array([values[c] for c in classes], dtype=np.float64)


def refuse_medians(post: PostProcessing, name: str) -> None:
    """Errors: ValueError for a median filter where tracks have no order of their own."""
    filtered = [label for label, seconds in post.medians.items() if seconds > 0]
    if filtered:
        raise ValueError(
            f"a median filter for {filtered[0]!r}, but format {name!r} has tracks and no score of a"
            " class that it could act on: set the medians to 0"
        )


def decided(
    scores: Array, classes: Sequence[str], *, duration: float, hop: float, post: PostProcessing
) -> tuple[Array, Array]:
    """Scores after the median filters, and who is active: (frames, classes) each; frames that begin
    after the end of the clip are dropped."""
    seconds = by_class(post.medians, classes, "median filter")
    smooth = median(scores, [odd_frames(s, hop) for s in seconds])
    smooth = smooth[: int(np.ceil(duration / hop - EDGE))]
    return smooth, smooth > by_class(post.thresholds, classes, "threshold")


def coarser(outputs: Tensor, times: int) -> Tensor:
    """(frames, ...) -> (frames / times, ...): means of `times` frames, at last of what is left."""
    missing = -len(outputs) % times
    padded = torch.cat([outputs, outputs.new_zeros(missing, *outputs.shape[1:])])
    sums = padded.unflatten(0, (-1, times)).sum(1)
    if missing:
        sums[-1] *= times / (times - missing)
    return sums / times


def smoother(scores: Tensor, times: int) -> Tensor:
    """(frames, classes) median-filtered over `times` frames, over one more where that is even."""
    lengths = [times | 1] * scores.shape[1]
    return torch.from_numpy(median(scores.cpu().numpy(), lengths)).to(scores.device)


def spans(active: Array, fresh: Array | None = None) -> tuple[Array, Array, Array]:
    """First frame, last frame (excluded) and column of every maximal run of (frames, columns) bool,
    by first frame, then by column.

    Args:
        fresh: (frames, columns) bool: active frames with which a run begins anew.
    """
    silent = np.zeros((1, active.shape[1]), dtype=bool)
    before, after = np.concatenate([silent, active])[:-1], np.concatenate([active, silent])[1:]
    if fresh is not None:
        before = before & ~fresh
        after = after & ~np.concatenate([fresh, silent])[1:]
    column, first = np.nonzero((active & ~before).T)
    last = np.nonzero((active & ~after).T)[1] + 1
    order = np.lexsort((column, first))
    return first[order], last[order], column[order]


def runs(active: Array, classes: Sequence[str], *, hop: float, duration: float) -> EventList:
    """Maximal runs of active frames as events cut to `duration`, by onset, then by class.

    Args:
        active: (frames, classes) bool.
    """
    return EventList(
        Event(float(i * hop), float(min(j * hop, duration)), classes[k])
        for i, j, k in zip(*spans(active))
        if i * hop < duration
    )


def overlap_average(windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
    """(windows, window frames, ...) at frames `starts` -> (frames, ...), overlaps averaged.

    What reaches beyond `frames` is cut; frames after the end of the last window do not exist: they
    are left out. Errors: ValueError where a frame before that lies in no window.
    """
    length = windows.shape[1]
    frames = min(frames, max(starts) + length)
    total = windows.new_zeros(frames, *windows.shape[2:])
    count = windows.new_zeros(frames)
    for window, start in zip(windows, starts, strict=True):
        kept = window[: max(frames - start, 0)]
        total[start : start + len(kept)] += kept
        count[start : start + len(kept)] += 1
    if bool((count == 0).any()):
        raise ValueError(f"frame {int((count == 0).nonzero()[0])} of {frames} lies in no window")
    return total / count.reshape(-1, *[1] * (total.dim() - 1))
