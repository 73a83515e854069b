"""One-to-one matching of events and detections: which may pair, and which pairs are taken.

`maximum` takes as many pairs as possible, and of several such choices the one that TUT-ARG/sed_eval
0.2.1 takes (util/event_matching.py, bipartite_match: Hopcroft and Karp 1973 after a greedy start,
detections in the order in which a walk over the events meets them): what is left over decides the
substitutions. `first_come` takes pairs in order while both are free. Neither looks beyond events
and detections that are linked by pairs, so that all clips can be matched at once; only where one
has several partners is a choice made, in a plain loop.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
SLACK = 2e-6  # seconds; pairs are looked for a little beyond their bounds, then compared exactly


def near(group: Array, time: Array, reach: Array | float, others: Array, times: Array) -> Array:
    """Pairs of one group that lie within `reach` of each other, and few that do not.

    Args:
        group, time: (rows,) of events; groups are integers from 0 on.
        reach: seconds, (rows,) or one number; infinite for whole groups.
        others, times: (other rows,) of detections.

    Returns:
        (2, pairs) row and other row, by row.
    """
    if not len(group) or not len(others):
        return np.zeros((2, 0), dtype=np.int64)
    low = min(time.min(), times.min())
    span = max(time.max(), times.max()) - low + 1.0
    reach = np.minimum(reach, span)
    period = 3.0 * span  # windows, which reach beyond both ends, stay in their group
    key, line = group * period + (time - low), others * period + (times - low)
    reach = reach + SLACK + 4 * np.spacing(max(key.max(), line.max()))
    order = np.argsort(line, kind="stable")
    line = line[order]
    first = np.searchsorted(line, key - reach)
    sizes = np.searchsorted(line, key + reach, side="right") - first
    row = np.repeat(np.arange(len(group)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.stack([row, order[first[row] + within]])


def in_order(pairs: Array) -> Array:
    """Pairs (2, pairs) sorted by row, then other row: the order in which the matchings expect
    them."""
    return pairs[:, np.lexsort((pairs[1], pairs[0]))]


def first_come(pairs: Array) -> Array:
    """(pairs,) whether a pair is taken, each in turn if both of its ends are still free."""
    return _taken(pairs, _in_turn)


def maximum(pairs: Array) -> Array:
    """(pairs,) whether a pair is taken, so that as many as possible are."""
    return _taken(pairs, _layered)


Links = list[tuple[int, int]]


def _taken(pairs: Array, choose: Callable[[Links], Links]) -> Array:
    left, right = pairs
    clear = np.ones(len(left), dtype=bool)
    for end in (left, right):
        _, inverse, times = np.unique(end, return_inverse=True, return_counts=True)
        clear &= times[inverse] == 1
    # Only pairs that share an end with another are a matter of choice.
    doubtful = np.flatnonzero(~clear)
    links = list(zip(left[doubtful].tolist(), right[doubtful].tolist()))
    chosen = set(choose(links))
    clear[doubtful] = [link in chosen for link in links]
    return clear


def _in_turn(links: Links) -> Links:
    chosen: Links = []
    events: set[int] = set()
    detections: set[int] = set()
    for event, detection in links:
        if event not in events and detection not in detections:
            events.add(event)
            detections.add(detection)
            chosen.append((event, detection))
    return chosen


def _layered(links: Links) -> Links:
    graph: dict[int, list[int]] = {}
    for event, detection in links:
        graph.setdefault(detection, []).append(event)
    owner: dict[int, int] = {}  # event -> detection
    for detection, events in graph.items():
        free = next((event for event in events if event not in owner), None)
        if free is not None:
            owner[free] = detection
    while _augmented(graph, owner):
        pass
    return list(owner.items())


def _augmented(graph: dict[int, list[int]], owner: dict[int, int]) -> bool:
    """Lengthens the matching along disjoint shortest alternating paths; False where none is left.

    `before`: event -> the detections of the layer before it. `via`: detection -> the event through
    which it was reached, None for one without partner.
    """
    busy = set(owner.values())
    via: dict[int, int | None] = {d: None for d in graph if d not in busy}
    before: dict[int, list[int]] = {}
    ends: list[int] = []
    layer = list(via)
    while layer and not ends:
        reached: dict[int, list[int]] = {}
        for detection in layer:
            for event in graph[detection]:
                if event not in before:
                    reached.setdefault(event, []).append(detection)
        before.update(reached)
        layer = []
        for event in reached:
            if event in owner:
                via[owner[event]] = event
                layer.append(owner[event])
            else:
                ends.append(event)
    for end in ends:
        _walk_back(end, before, via, owner)
    return bool(ends)


def _walk_back(
    end: int, before: dict[int, list[int]], via: dict[int, int | None], owner: dict[int, int]
) -> None:
    """Depth first from a free event to a free detection; every node is tried once in a round."""
    choice: dict[int, int] = {}
    path = [(end, iter(before.pop(end, ())))]
    while path:
        event, detections = path[-1]
        detection = next((d for d in detections if d in via), None)
        if detection is None:
            path.pop()
            continue
        choice[event] = detection
        back = via.pop(detection)
        if back is None:
            owner.update((on_path, choice[on_path]) for on_path, _ in path)
            return
        if back in before:
            path.append((back, iter(before.pop(back))))
