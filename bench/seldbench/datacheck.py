"""What a data set on disk holds, and all that is missing or wrong in it.

Nothing stops at the first fault: every table and every file is looked at. A data set may know more
of its files than the contract asks; it then has a method `inspect` (see `Inspectable`).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from seldbench.contracts import Dataset, Progress, Quiet, Recording
from seldbench.errors import SeldbenchError
from seldbench.events import Event

SHOWN = 20  # faults and missing files that the terminal lists; JSON has all
TOLERANCE = 0.1  # seconds by which a file may differ from what tables say of it


class Inspection(Protocol):
    """What a data set says of one split, broken or not.

    absence: why the split cannot be used at all; None if it can. expected: how many clips there
    should be; clips: how many there are. optional: no fault where it is absent as a whole. listed:
    the recordings that the split should have; recordings: those that are there (reading one may
    raise). events, labels: of strongly and of weakly labelled clips. durations: as a table states
    them.
    """

    @property
    def absence(self) -> str | None: ...
    @property
    def expected(self) -> int: ...
    @property
    def clips(self) -> int: ...
    @property
    def optional(self) -> bool: ...
    @property
    def listed(self) -> Sequence[str]: ...
    @property
    def recordings(self) -> Mapping[str, Recording]: ...
    @property
    def events(self) -> Mapping[str, Sequence[Event]]: ...
    @property
    def labels(self) -> Mapping[str, frozenset[str]]: ...
    @property
    def durations(self) -> Mapping[str, float]: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def notes(self) -> Sequence[str]: ...


@runtime_checkable
class Inspectable(Protocol):
    """A data set that can be inspected. `faults`: what is wrong with the set as a whole."""

    def inspect(self, split: str) -> Inspection: ...
    def faults(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class ClassCount:
    """How often a class occurs; seconds of its events, None where only clips are labelled."""

    clips: int
    events: int | None = None
    mean: float | None = None
    median: float | None = None


@dataclass
class SplitReport:
    """Of one split. rates, channels: {value: files}. seconds: shortest, mean and longest file.

    empty: labelled clips without any event or label. digest: of names and decoded audio, if deep;
    None of a split without files of its own.
    """

    split: str
    found: int
    expected: int
    optional: bool = False
    absence: str | None = None
    missing: list[str] = field(default_factory=list)
    rates: dict[int, int] = field(default_factory=dict)
    channels: dict[int, int] = field(default_factory=dict)
    seconds: tuple[float, float, float] | None = None
    total_seconds: float = 0.0
    classes: dict[str, ClassCount] = field(default_factory=dict)
    empty: int = 0
    digest: str | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return self.found >= self.expected or (self.optional and self.found == 0)


@dataclass
class Report:
    """Of a data set. `ok`: nothing is missing (but optional splits) and nothing is wrong.

    folds: where there are several, every clip is tested on in one and trained on in others."""

    dataset: str
    simulated: str | None
    fingerprint: str | None
    problems: list[str]
    splits: list[SplitReport]
    folds: int = 1

    @property
    def ok(self) -> bool:
        whole = all(split.complete and not split.problems for split in self.splits)
        return whole and not self.problems

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}

    def lines(self) -> list[str]:
        """For a terminal."""
        return list(_lines(self))


def check(dataset: Dataset, *, deep: bool = False, progress: Progress | None = None) -> Report:
    """Look at every split's tables and files; deep: decode and hash all audio as well."""
    told = progress or Quiet()
    problems = list(dataset.faults()) if isinstance(dataset, Inspectable) else []
    splits = [_check_split(dataset, split, deep, told) for split in dataset.splits]
    try:
        fingerprint = dataset.fingerprint()
    except SeldbenchError as error:
        fingerprint = None
        known = [problem for split in splits for problem in split.problems]
        problems += [str(error)] if not known else []  # the same fault, found there already
    return Report(dataset.name, dataset.simulated, fingerprint, problems, splits, dataset.folds)


@dataclass(frozen=True)
class _Plain:
    """The inspection of a data set that has no method for it: by the contract alone."""

    absence: str | None
    expected: int
    clips: int = 0
    optional: bool = False
    listed: Sequence[str] = ()
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    events: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


def _plain(dataset: Dataset, split: str) -> _Plain:
    try:
        clips = [clip for fold in range(dataset.folds) for clip in dataset.clips(split, fold)]
        expected = dataset.coverage(split)[1]
    except SeldbenchError as error:
        return _Plain(str(error), 0)
    arrays = {
        clip.id if len(clip.recordings) == 1 else f"{clip.id} ({array})": recording
        for clip in clips
        for array, recording in clip.recordings.items()
    }
    return _Plain(
        None,
        expected,
        len(clips),
        listed=list(dict.fromkeys(clip.id for clip in clips)),
        recordings=arrays,
        events={clip.id: clip.events for clip in clips if clip.events is not None},
        labels={clip.id: clip.labels for clip in clips if clip.labels is not None},
        durations={clip.id: clip.duration for clip in clips},
    )


def _check_split(dataset: Dataset, split: str, deep: bool, progress: Progress) -> SplitReport:
    files = dataset.inspect(split) if isinstance(dataset, Inspectable) else _plain(dataset, split)
    report = SplitReport(split, files.clips, files.expected)
    report.optional, report.absence = files.optional, files.absence
    report.missing = [name for name in files.listed if name not in files.recordings]
    report.problems = list(files.problems)
    report.classes = _count(files)
    labelled = [*files.events.values(), *files.labels.values()]
    report.empty = sum(len(of_clip) == 0 for of_clip in labelled)
    lengths = _check_audio(report, files.recordings, deep, progress)
    report.notes = [*files.notes, *_disagreements(files, lengths)]
    return report


def _check_audio(
    report: SplitReport, recordings: Mapping[str, Recording], deep: bool, progress: Progress
) -> dict[str, float]:
    """{name: seconds} of the readable files; rates, channels and faults go into the report."""
    rates: Counter[int] = Counter()
    channels: Counter[int] = Counter()
    lengths: dict[str, float] = {}
    digest = hashlib.sha256()
    for done, (name, recording) in enumerate(recordings.items(), start=1):
        try:
            lengths[name] = recording.duration
            rates[recording.sample_rate] += 1
            channels[recording.mics] += 1
            if deep:
                samples = np.ascontiguousarray(recording.read())
                digest.update(f"{name} {recording.sample_rate} {samples.shape}".encode())
                digest.update(samples.tobytes())
        except SeldbenchError as error:
            report.problems.append(str(error))
        progress.advance(f"checking {report.split}", done, len(recordings))
    report.rates, report.channels = dict(sorted(rates.items())), dict(sorted(channels.items()))
    if lengths:
        seconds = list(lengths.values())
        report.total_seconds = float(np.sum(seconds))
        report.seconds = min(seconds), report.total_seconds / len(seconds), max(seconds)
    report.digest = digest.hexdigest() if deep and recordings else None
    return lengths


def _count(files: Inspection) -> dict[str, ClassCount]:
    """By class, sorted: of events where there are any, else of clips' labels."""
    durations: dict[str, list[float]] = {}
    clips: Counter[str] = Counter()
    for events in files.events.values():
        clips.update({event.label for event in events})
        for event in events:
            durations.setdefault(event.label, []).append(event.duration)
    for labels in files.labels.values():
        clips.update(labels)
    return {
        label: ClassCount(clips[label], len(d), float(np.mean(d)), float(np.median(d)))
        if (d := durations.get(label))
        else ClassCount(clips[label])
        for label in sorted(clips)
    }


def _disagreements(files: Inspection, lengths: Mapping[str, float]) -> Iterator[str]:
    """What tables say of a clip's length, and its events, against the sound file."""
    other = [
        f"{name} ({files.durations[name]:g} s stated, {lengths[name]:g} s there)"
        for name in lengths
        if abs(files.durations.get(name, lengths[name]) - lengths[name]) > TOLERANCE
    ]
    if other:
        yield f"{len(other)} files are not as long as stated: {_some(other)}"
    late = [
        f"{name} ({event.label} until {event.offset:g} s of {lengths[name]:g} s)"
        for name in lengths
        for event in files.events.get(name, ())
        if event.offset > lengths[name] + TOLERANCE
    ]
    if late:
        yield f"{len(late)} events end after their file: {_some(late)}"


def _lines(report: Report) -> Iterator[str]:
    simulated = f", {report.simulated}" if report.simulated else ""
    yield f"{report.dataset}{simulated}"
    yield f"fingerprint {report.fingerprint or 'cannot be taken'}"
    yield from _listing("WRONG: ", report.problems)
    for split in report.splits:
        yield ""
        yield from _split_lines(split)
    yield ""
    absent = [split.expected - split.found for split in report.splits if not split.complete]
    missing = sum(absent) if report.folds == 1 else max(absent, default=0)
    wrong = len(report.problems) + sum(len(split.problems) for split in report.splits)
    yield "complete, nothing wrong" if report.ok else f"{missing} clips missing, {wrong} faults"


def _split_lines(split: SplitReport) -> Iterator[str]:
    optional = " (optional)" if split.optional else ""
    yield f"{split.split}{optional}: {split.found} of {split.expected} clips"
    if split.absence:
        yield f"  absent: {split.absence}"
    if split.seconds:
        low, mean, high = split.seconds
        rates = ", ".join(f"{n} at {rate} Hz" for rate, n in split.rates.items())
        channels = ", ".join(f"{n} with {c}" for c, n in split.channels.items())
        yield f"  files: {rates}; channels: {channels}"
        total = f"{split.total_seconds:.1f} in all"
        yield f"  seconds: {low:.2f} to {high:.2f}, mean {mean:.2f}, {total}"
    if split.digest:
        yield f"  audio {split.digest}"
    yield from _class_lines(split)
    yield from _listing("missing: ", split.missing)
    yield from _listing("WRONG: ", split.problems)
    yield from _listing("note: ", split.notes)


def _class_lines(split: SplitReport) -> Iterator[str]:
    timed = any(count.events is not None for count in split.classes.values())
    if split.classes:
        columns = f"{'events':>8}{'mean s':>8}{'median':>8}" if timed else ""
        yield f"  {'class':28}{'clips':>7}{columns}"
    for label, count in split.classes.items():
        events = f"{count.events:8}{count.mean:8.2f}{count.median:8.2f}" if timed else ""
        yield f"  {label:28}{count.clips:7}{events}"
    if split.empty:
        yield f"  clips without any label: {split.empty}"


def _listing(mark: str, items: Sequence[str]) -> Iterator[str]:
    yield from (f"  {mark}{item}" for item in items[:SHOWN])
    if len(items) > SHOWN:
        yield f"  {mark}{len(items) - SHOWN} more (all of them with --json)"


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:3]) + (", ..." if len(items) > 3 else "")
