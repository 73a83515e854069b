"""Batches for training: fixed numbers of clips from labelled and unlabelled groups, side by side.

A group is a split, or several joined by "+" (drawn from uniformly). One epoch ends with the
shortest group; every group is shuffled anew each epoch, or drawn from with replacement where it is
balanced. Windows of a clip may begin anew each epoch. All randomness comes from (seed, epoch).
Source of the batch rule: frednam93/FDY-SED, ConcatDatasetBatchSampler; of balanced groups:
YuanGongND/ast, egs/audioset/gen_weight_file.py.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seldbench.augment import Batch
from seldbench.contracts import Clip, OutputFormat
from seldbench.errors import BadRecipe, MissingData, near
from seldbench.events import EventList
from seldbench.recipe import Head
from seldbench.windows import Windowing


@dataclass(frozen=True)
class Example:
    """A window of a clip."""

    clip: Clip
    onset: float


PHASE = 1  # of the seed, apart from that of the order
READERS = 2  # threads; each holds a batch, and one more is ready

# What the network is given of an example besides its features, with no batch axis.
Given = Callable[[Example], Tensor]


@dataclass(frozen=True)
class Group:
    """The clips that fill one part of every batch. `heads`: the heads whose loss sees them."""

    name: str
    size: int
    heads: frozenset[str]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Labels:
    """A head's target in a window: its format, and its frames (0 for one value a clip)."""

    format: OutputFormat
    frames: int
    hop: float


def make_group(
    name: str,
    size: int,
    clips: Sequence[Clip],
    *,
    heads: Mapping[str, Head],
    windowing: Windowing,
    hop: float | None = None,
) -> Group:
    """A group of the batch, its clips cut into windows `hop` apart (None: side by side).

    Raises:
        MissingData: fewer windows than one batch takes.
        BadRecipe: a head is on for only some of the group's splits.
    """
    splits = set(name.split("+"))
    for head_name, head in heads.items():
        if splits & set(head.on) and not splits <= set(head.on):
            raise BadRecipe(f"head {head_name!r} is on for only a part of the group {name!r}")
    examples = tuple(
        Example(clip, onset)
        for clip in clips
        for onset in windowing.onsets(clip.duration, hop or windowing.window)
    )
    if len(examples) < size:
        raise MissingData(
            f"{name}: {len(examples)} examples, but a batch takes {size} of them; use more data or"
            f" a smaller batch (--set 'batch.\"{name}\"=...')"
        )
    on = frozenset(n for n, head in heads.items() if splits <= set(head.on))
    return Group(name, size, on, examples)


def known_labels(clip: Clip) -> frozenset[str]:
    """Weak labels, or those of the events."""
    if clip.labels is not None:
        return clip.labels
    return frozenset() if clip.events is None else clip.events.labels


def label_weights(group: Group) -> np.ndarray:
    """How often each example of a balanced group is drawn: shares of 1, by the labels of its clip.

    A label weighs 1000 / (examples with it + 0.01) and an example the sum of its clip's labels, so
    that rare labels are heard as often as common ones; a clip without labels is never drawn.

    Raises:
        BadRecipe: no clip of the group has a label.
    """
    labels = [known_labels(example.clip) for example in group.examples]
    counts = Counter(label for known in labels for label in known)
    # In sorted order: a sum must not hang on how a set happens to be ordered in this process.
    weights = np.array([sum(1000 / (counts[n] + 0.01) for n in sorted(known)) for known in labels])
    if not weights.any():
        raise BadRecipe(f"training.balanced: no clip of {group.name!r} has a label; leave it out")
    return weights / weights.sum()


class Batches:
    """Reads batches ahead of the training, in threads of their own."""

    def __init__(
        self,
        groups: Sequence[Group],
        labels: Mapping[str, Labels],
        windowing: Windowing,
        *,
        seed: int,
        steps: int | None = None,
        whole_statistics: bool = False,
        balanced: Collection[str] = (),
        given: Mapping[str, Given] | None = None,
        phase: float | None = None,
    ) -> None:
        """
        Args:
            whole_statistics: windows carry the statistic of their whole clip (see `Batch`).
            balanced: groups that are drawn from with replacement (see `label_weights`).
            given: what the network is given besides, for a window; by the name of its argument.
            phase: in every epoch each clip's windows begin later by a draw from [0, phase), on the
                grid of onsets; None: as the groups have them.

        Raises:
            BadRecipe: a balanced group that is in no batch, or without labels.
        """
        self.groups = tuple(groups)
        self.labels = dict(labels)
        self._windowing, self._seed = windowing, seed
        self._whole_statistics = whole_statistics
        self._statistics: dict[int, Tensor] = {}
        self._given = dict(given or {})
        self._phase = phase
        names = [group.name for group in self.groups]
        for name in balanced:
            if name not in names:
                raise BadRecipe(
                    f"training.balanced: the batch has no group {name!r}{near(name, names)};"
                    f" it has: {', '.join(names)}"
                )
        self._weights = {g.name: label_weights(g) for g in self.groups if g.name in balanced}
        self.steps = steps or min(len(g.examples) // g.size for g in self.groups)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, in order."""
        draws = [self._drawn(group, epoch, i) for i, group in enumerate(self.groups)]
        with ThreadPoolExecutor(READERS) as readers:
            ahead = [
                readers.submit(self._read, draws, step)
                for step in range(first_step, min(first_step + READERS + 1, self.steps))
            ]
            for step in range(first_step, self.steps):
                batch = ahead.pop(0).result()
                if step + READERS + 1 < self.steps:
                    ahead.append(readers.submit(self._read, draws, step + READERS + 1))
                yield batch

    def trial(self) -> Batch:
        """The first examples of each group, two at most: to try out what a batch goes through."""
        chosen = [(g, e) for g in self.groups for e in g.examples[: min(g.size, 2)]]
        return self._batch(chosen, whole=False)

    def _drawn(self, group: Group, epoch: int, index: int) -> list[Example]:
        """The epoch's examples in order."""
        examples = self._moved(group, epoch, index)
        return [examples[i] for i in self._order(group, epoch, index)]

    def _moved(self, group: Group, epoch: int, index: int) -> Sequence[Example]:
        """The group's windows, those of a clip all later by the same draw; none ends beyond the
        clip. The microphones of a clip, which have its id, share its draw: so the windows of an
        epoch are those of the scenes, each heard by all."""
        if self._phase is None:
            return group.examples
        windowing = self._windowing
        draw = np.random.default_rng([self._seed, epoch, index, PHASE])
        ids = dict.fromkeys(e.clip.id for e in group.examples)
        steps = draw.integers(windowing.steps(self._phase), size=len(ids))
        later = {name: n * windowing.step for name, n in zip(ids, steps.tolist())}
        return [
            Example(e.clip, min(e.onset + later[e.clip.id], windowing.last(e.clip.duration)))
            for e in group.examples
        ]

    def _order(self, group: Group, epoch: int, index: int) -> np.ndarray:
        """Indices of the epoch's examples, reshuffled as often as a long epoch needs."""
        draw = np.random.default_rng([self._seed, epoch, index])
        wanted = self.steps * group.size
        if group.name in self._weights:
            return draw.choice(len(group.examples), wanted, p=self._weights[group.name])
        rounds = -(-wanted // len(group.examples))
        return np.concatenate([draw.permutation(len(group.examples)) for _ in range(rounds)])

    def _read(self, draws: Sequence[Sequence[Example]], step: int) -> Batch:
        chosen = [
            (group, example)
            for group, drawn in zip(self.groups, draws)
            for example in drawn[step * group.size : (step + 1) * group.size]
        ]
        return self._batch(chosen, whole=self._whole_statistics)

    def _batch(self, chosen: Sequence[tuple[Group, Example]], *, whole: bool) -> Batch:
        """Examples in the order of their groups; whole: with their clips' statistics."""
        sizes = Counter(group.name for group, _ in chosen)
        ends = np.cumsum(list(sizes.values())).tolist()
        examples = [example for _, example in chosen]
        statistics = [self._statistic(e.clip) for e in examples] if whole else []
        first_frames = [round(e.onset / self._windowing.features.hop) for e in examples]
        return Batch(
            **self._audio(examples),
            targets={
                name: torch.stack([self._target(name, e, group) for group, e in chosen])
                for name in self.labels
            },
            groups=tuple((n, slice(end - sizes[n], end)) for n, end in zip(sizes, ends)),
            label_hop=self._windowing.grid,
            statistic=pad_sequence(statistics, batch_first=True) if whole else None,
            start=torch.tensor(first_frames) if whole else None,
            heard=self._heard(examples),
            inputs={n: torch.stack([f(e) for e in examples]) for n, f in self._given.items()},
        )

    def _audio(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        """Waves, or where spectra are kept, those and no waves."""
        windowing = self._windowing
        if windowing.store.folder is None:
            waves = [windowing.cut(e.clip, e.onset) for e in examples]
            return {"waves": torch.from_numpy(np.stack(waves))}
        spectra = [windowing.kept_window(e.clip, e.onset) for e in examples]
        return {"waves": torch.zeros(len(examples), 0, 0), "spectrum": torch.stack(spectra)}

    def _heard(self, examples: Sequence[Example]) -> Tensor | None:
        """Frames within the recordings, where some lie beyond and features have a `blank`."""
        if self._windowing.features.blank is None:
            return None
        heard = torch.tensor([self._windowing.heard(e.clip, e.onset) for e in examples])
        return heard if bool((heard < self._windowing.frames).any()) else None

    def _statistic(self, clip: Clip) -> Tensor:
        """Computed once a clip: a few numbers each."""
        if id(clip) not in self._statistics:
            self._statistics[id(clip)] = self._windowing.statistic(clip)
        return self._statistics[id(clip)]

    def _target(self, name: str, example: Example, group: Group) -> Tensor:
        label = self.labels[name]
        if name in group.heads:
            return label.format.encode(example.clip, example.onset, label.frames, label.hop)
        # Never read: the head's loss does not see this group. It keeps the batch rectangular.
        empty = Clip(example.clip.id, example.clip.duration, {}, EventList(), frozenset())
        return label.format.encode(empty, example.onset, label.frames, label.hop)
