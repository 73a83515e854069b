"""The clean-up that every DESED annotation has gone through.

Source: rules of `desed/post_process.py` in the public repository turpaultn/DESED. Seconds.
"""

from collections.abc import Iterable

from seldbench.events import Event

SHORTEST = 0.25  # shorter events are extended at the offset
GAP = 0.15  # events of a class with a shorter gap are one
ONSETS = 0.4  # events of a class with closer onsets are one
_SLACK = 1e-9  # so that a gap of exactly 0.15 s stays a gap after rounding


def clean_up(events: Iterable[Event], duration: float) -> list[Event]:
    """Events as an annotator would hand them in: within the clip, none shorter than 250 ms, and
    those of one class merged where they overlap, lie closer than 150 ms, or start within 400 ms.

    Args:
        events: of one clip, in any order; those that lie outside the clip are dropped.
        duration: of the clip. An event that cannot be extended at its offset because the clip ends
            is extended at its onset; in a clip under 250 ms it fills the clip.

    Returns:
        new events, by onset, then label. Cleaning twice changes nothing.
    """
    rows: dict[str, list[list[float]]] = {}
    inside = (e for e in events if e.onset < duration and e.offset > 0)
    for event in sorted(inside, key=lambda e: e.onset):
        span = _long_enough(event.onset, event.offset, duration)
        of_class = rows.setdefault(event.label, [])
        if of_class and _one_event(of_class[-1], span):
            of_class[-1][1] = max(of_class[-1][1], span[1])
        else:
            of_class.append(span)
    found = [Event(on, off, label) for label, spans in rows.items() for on, off in spans]
    return sorted(found, key=lambda e: (e.onset, e.label))


def _long_enough(onset: float, offset: float, duration: float) -> list[float]:
    onset, offset = max(onset, 0.0), min(offset, duration)
    if offset - onset < SHORTEST - _SLACK:
        offset = min(onset + SHORTEST, duration)
        onset = max(0.0, min(onset, offset - SHORTEST))
    return [onset, offset]


def _one_event(before: list[float], after: list[float]) -> bool:
    return after[0] - before[1] < GAP - _SLACK or after[0] - before[0] < ONSETS - _SLACK
