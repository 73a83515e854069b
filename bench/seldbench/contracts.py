"""What a plug-in signs: Clip and Recording, Dataset, Features, OutputFormat, Architecture.

Axes keep one order: (batch, mics, samples), (batch, channels, frames, bins). Seconds and hertz.
torch appears here for types only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from seldbench.events import DirectionTable, EventList
from seldbench.geometry import Rotation
from seldbench.prediction import Prediction

if TYPE_CHECKING:
    from torch import Tensor, nn

    Loss = Callable[[Tensor, Tensor], Tensor]  # (outputs, targets) of some clips -> their mean

Array = np.ndarray


class Recording(Protocol):
    """A file, or a scene rendered on the fly."""

    @property
    def sample_rate(self) -> int: ...
    @property
    def mics(self) -> int: ...
    @property
    def duration(self) -> float: ...

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        """(mics, samples) float32 in [-1, 1]; up to the end where `duration` is None."""
        ...


@dataclass(frozen=True, eq=False)
class Clip:
    """One scene: its recordings and what is known of it.

    recordings: by array ("mono", "foa", "mic", "circular8", a plug-in's own), all of one scene;
    "target": the source that the clip asks for, alone at microphone 0.
    events: None where unlabelled. labels: weak labels, where only these are known.
    directions: the clip's rows as its file gives them, where there is one: what metrics read.
    stems: Event.source -> that source alone at microphone 0, where known.
    target: the Event.source that this clip asks for (a query set lists one Clip a source).
    """

    id: str
    duration: float
    recordings: Mapping[str, Recording]
    events: EventList | None = None
    labels: frozenset[str] | None = None
    directions: DirectionTable | None = None
    stems: Mapping[int, Recording] = field(default_factory=dict)
    target: int | None = None


class Dataset(Protocol):
    """A data set on disk. A file in datasets/ names its class `DATASET`; it is built with the
    folder that --data-root (or SELDBENCH_DATA) gave and raises MissingData where it finds nothing.

    grid: annotation grid in seconds, None for continuous times. splits: "train/...", "valid/...",
    "test"; simulated: what a result on it must say, None for real recordings.
    """

    name: str
    task: str  # "sed", "seld", "tagging" (then `single`: a clip has one label), "separation"
    classes: tuple[str, ...]
    grid: float | None
    splits: tuple[str, ...]
    folds: int
    citation: str
    licence: str
    simulated: str | None

    def __init__(self, root: Path) -> None: ...
    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]: ...
    def coverage(self, split: str) -> tuple[int, int]:
        """Clips found and clips expected."""
        ...

    def notes(self, split: str) -> Sequence[str]:
        """What a person should know before using a split, such as many missing clips."""
        ...

    def provenance(self) -> dict[str, object]:
        """What results carry of the set: versions of tables, folders in use; `sounds` of a
        simulated set ("builtin", or the digest of its recordings), None for a real one."""
        ...

    def fingerprint(self) -> str:
        """Digest of metadata, names and sizes."""
        ...


class Features(Protocol):
    """An nn.Module; batched, on the training device; a file in features/ names it `FEATURES`.

    margin: frames of context that a window needs at each side to equal the whole clip's.
    lags: of the channels the last so many, whose bins are lags and not frequencies.
    statistics: whether whole-file rules need a statistic of the clip. fitted: whether there are
    statistics of training clips to fit; they are all that the module's state_dict holds.
    blank: what finished frames beyond a recording's end hold; None: the recording is heard with
    zeros appended.
    """

    version: int
    layout: str
    sample_rate: int
    channels: int
    bins: int
    lags: int
    hop: float
    margin: int
    statistics: bool
    fitted: bool
    blank: float | None

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        ...

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, mics, samples) -> what spectrum augmentation acts on; its frame axis is -2."""
        ...

    def statistic(self, spectrum: Tensor) -> Tensor:
        """Of whole clips (or of an augmented window): what whole-file rules need, such as top_db's
        maximum or min and max; (batch, values), (batch, 0) if none."""
        ...

    def silence(self) -> float:
        """The value in a spectrum that stands for silence (what masks write)."""
        ...

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """A spectrum with every bin amplified by `decibels`, broadcastable to the spectrum."""
        ...

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """The spectrum of the rotated scene, where exchanging channels and their signs makes it
        exactly; None where it does not: then waves are turned. Of the identity the spectrum."""
        ...

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """Log and scaling -> (batch, channels, frames, bins); start: the first frame in the clip
        that `statistic` is of, one for all or (batch,).

        Errors: ValueError where there is something to fit that was not fitted."""
        ...

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Statistics of whole training clips' spectra, (1, ..., frames, bins) each -> buffers;
        nothing where none are needed."""
        ...


@dataclass(frozen=True)
class PostProcessing:
    """How scores become events; by class. Every value carries where it came from.

    thresholds: active where score > threshold. medians: filter lengths in seconds, 0 for none.
    origin: the paper or the split that the values came from ("valid/synthetic"); never the test.
    boxes: {class: {"step", "absolute", "relative"}} of `inference.boxes.BoxRule`, in the classes'
    order, where boxes stand in the place of frame scores; empty for none.
    folds: of values that were cross-validated on the test clips, those of each fold, {"thresholds":
    ..., "medians": ..., "boxes": ...}, in whose place the others are for clips of none.
    direction: a source is where the score of a direction is above it; None where that is not asked.
    """

    thresholds: Mapping[str, float]
    medians: Mapping[str, float]
    origin: str
    boxes: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    folds: Sequence[Mapping[str, Any]] = ()
    direction: float | None = None


class OutputFormat(Protocol):
    """What a head's output means. A file in formats/ names its class `FORMAT`, built with the
    data set's classes and the recipe's arguments."""

    version: int
    size: int
    losses: Mapping[str, Loss]  # the recipe names one

    def __init__(self, classes: tuple[str, ...]) -> None: ...
    def encode(self, clip: Clip, onset: float, frames: int, hop: float) -> Tensor: ...
    def activate(self, outputs: Tensor) -> Tensor:
        """What the network returns -> what merge, rotate, decode and consistency use."""
        ...

    def shift(self, targets: Tensor, frames: int) -> Tensor:
        """Targets of clips whose audio was rolled by so many label frames."""
        ...

    def union(self, first: Tensor, second: Tensor) -> Tensor:
        """Targets of two scenes that sound at once."""
        ...

    def merge(self, windows: Tensor, starts: Sequence[int], frames: int) -> Tensor:
        """(windows, ...) of one clip -> the clip's: overlaps averaged, tracks aligned. Starts may
        repeat: rotated views of one window, and what each microphone says, are averaged
        likewise."""
        ...

    def coarser(self, outputs: Tensor, times: int) -> Tensor:
        """A clip's merged outputs, (frames, ...), in label frames of `times` of theirs each; of the
        last one what there is.

        Errors: ValueError where frames cannot be put together so."""
        ...

    def rotate_targets(self, targets: Tensor, rotation: Rotation) -> Tensor:
        """Targets of the rotated scene."""
        ...

    def rotate(self, outputs: Tensor, rotation: Rotation) -> Tensor:
        """Activated outputs of the rotated scene."""
        ...

    def decode(
        self, outputs: Tensor, clip: Clip, hop: float, post: PostProcessing
    ) -> Prediction: ...


@dataclass(frozen=True)
class Variation:
    """A trained network heard another way, such as through one frequency row alone.

    about: numbers for figures, such as the first bin heard and how many.
    """

    name: str
    network: nn.Module
    about: Mapping[str, float]


@dataclass(frozen=True)
class Architecture:
    """What a file in architectures/ names as `ARCHITECTURE`.

    build(channels, bins, hop, sizes={head: size}, **plain arguments) -> nn.Module with
    forward(features, **inputs) -> {head: tensor} and .hop, the hop of its label frames.
    source: paper and official code; notes: where it departs from either, and why.
    probes: {name: a trained network -> ways to hear it otherwise}, each scored by
    `predict RUN --probe NAME`.
    """

    build: Callable[..., nn.Module]
    source: str
    notes: str
    version: int = 1
    probes: Mapping[str, Callable[[nn.Module], Sequence[Variation]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Weights:
    """Weights that others released, from which a part of a network may start; what a file in
    weights/ names as `WEIGHTS`.

    convert: their tensors and the part's own by name, and the recipe's arguments -> all tensors of
    the part; every given tensor is used, or named by `convert` as left out on purpose. ValueError
    in words for tensors of another network. where: which file it is and where it is had. fetch:
    the network's size ("tiny", "small", "base"; None where it has none) -> the file, downloaded
    where it is not at hand; MissingData where it cannot be had.
    """

    convert: Callable[..., dict[str, Tensor]]
    where: str
    source: str
    notes: str = ""
    version: int = 1
    fetch: Callable[[str | None], Path] | None = None


@dataclass(frozen=True)
class Import:
    """Weights that others released; what a file in imports/ names as `IMPORT`.

    architecture, dataset: whose recipe the weights run by. convert: their tensors -> the recipe's
    variant and the network's own tensors; ValueError in words for tensors of another network.
    released: {SHA-256 of a file: what it is}. protocol: how they were selected on `dataset`, as
    recipes say it. notes: what is not in the release, and what stands in its place.
    """

    architecture: str
    dataset: str
    convert: Callable[[Mapping[str, Tensor]], tuple[str, dict[str, Tensor]]]
    released: Mapping[str, str]
    source: str
    protocol: str
    notes: str


class Progress(Protocol):
    """Where long work says how far it is."""

    def say(self, line: str) -> None: ...
    def advance(self, task: str, done: int, total: int, note: str = "") -> None: ...


class Quiet:
    """A Progress that says nothing."""

    def say(self, line: str) -> None: ...
    def advance(self, task: str, done: int, total: int, note: str = "") -> None: ...
