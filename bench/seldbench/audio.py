"""Recordings: a sound file read a stretch at a time, one held in memory, and what is derived from
either (mono, some channels, another rate, its first seconds). All sign the contract `Recording`:
seconds, hertz, (mics, samples) float32.

A stretch [onset, onset + duration) is the samples round(onset * rate) up to round((onset +
duration) * rate); it ends where the recording ends, so it may be shorter than was asked for.
"""

import struct
from collections.abc import Collection, Sequence
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile
import soxr

from seldbench.contracts import Recording
from seldbench.errors import BadFile
from seldbench.storage import write_bytes

Array = np.ndarray

QUALITY = "HQ"  # of soxr: 20 bit, beyond what 16-bit files hold
STREAMED = 0xFFFFFFFF  # the size that a writer to a pipe leaves in a WAV header: "up to the end"


class Header(NamedTuple):
    """What a sound file says of itself; `frames` are samples per channel."""

    sample_rate: int
    channels: int
    frames: int
    subtype: str

    @property
    def duration(self) -> float:
        return self.frames / self.sample_rate


class AudioFile:
    """A sound file of any format that libsndfile reads. Nothing is opened before it is asked.

    16-bit files are read as integers and divided by 32768: the same values as libsndfile's own
    float32, three times as fast. A path and a header are all that it keeps.
    """

    def __init__(
        self,
        path: Path,
        channels: Collection[int] | None = None,
        rates: Collection[int] | None = None,
    ) -> None:
        """channels, rates: the numbers of channels and the rates that are welcome; None for any."""
        self.path = path
        self.channels = channels
        self.rates = rates

    def __repr__(self) -> str:
        return f"AudioFile({str(self.path)!r})"

    @cached_property
    def header(self) -> Header:
        """Raises BadFile: absent, not audio, truncated, empty, unwelcome channels or rate."""
        header = read_header(self.path)
        if self.channels is not None and header.channels not in self.channels:
            raise self._unwelcome(f"has {header.channels} channels", self.channels, "")
        if self.rates is not None and header.sample_rate not in self.rates:
            raise self._unwelcome(f"is at {header.sample_rate} Hz", self.rates, " Hz")
        return header

    def _unwelcome(self, given: str, welcome: Collection[int], unit: str) -> BadFile:
        wanted = " or ".join(str(n) for n in sorted(welcome))
        return BadFile(
            f"{self.path}: {given}, {wanted}{unit} expected; convert it, or take it out of the"
            " folder"
        )

    @property
    def sample_rate(self) -> int:
        return self.header.sample_rate

    @property
    def mics(self) -> int:
        return self.header.channels

    @property
    def duration(self) -> float:
        return self.header.duration

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        """(mics, samples) float32; only the stretch is read.

        Raises:
            BadFile: see `header`; also where decoding fails or yields NaN or infinity.
        """
        span = _span(self.header.frames, self.sample_rate, onset, duration)
        whole_numbers = self.header.subtype == "PCM_16"
        try:
            with soundfile.SoundFile(self.path) as file:
                file.seek(span.start)
                samples = file.read(
                    span.stop - span.start, "int16" if whole_numbers else "float32", always_2d=True
                )
        except (soundfile.LibsndfileError, OSError) as error:
            raise _undecodable(self.path, error) from error
        if len(samples) < span.stop - span.start:
            raise _truncated(self.path, span.stop, span.start + len(samples), "samples")
        if whole_numbers:
            return samples.T.astype(np.float32, order="C") * np.float32(1 / 32768)
        if not np.isfinite(samples).all():
            raise BadFile(
                f"{self.path}: holds NaN or infinite samples between {span.start} and {span.stop};"
                " get or convert the file again"
            )
        return np.ascontiguousarray(samples.T)


class Waveform:
    """A recording held in memory."""

    def __init__(self, samples: Array, sample_rate: int) -> None:
        """samples: (mics, samples)."""
        self.samples = np.asarray(samples, dtype=np.float32)
        self.sample_rate = sample_rate

    @property
    def mics(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> float:
        return self.samples.shape[1] / self.sample_rate

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        return self.samples[:, _span(self.samples.shape[1], self.sample_rate, onset, duration)]


class Mono:
    """The mean of a recording's microphones."""

    mics = 1

    def __init__(self, source: Recording) -> None:
        self.source = source

    @property
    def sample_rate(self) -> int:
        return self.source.sample_rate

    @property
    def duration(self) -> float:
        return self.source.duration

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        samples = self.source.read(onset, duration)
        return samples if len(samples) == 1 else samples.mean(axis=0, keepdims=True)


class Picked:
    """Some of a recording's channels, in an order of their own."""

    def __init__(self, source: Recording, channels: Sequence[int]) -> None:
        """channels: their numbers, counted from 0."""
        self.source = source
        self.channels = list(channels)

    def __repr__(self) -> str:
        return f"Picked({self.source!r}, {self.channels})"

    @property
    def sample_rate(self) -> int:
        return self.source.sample_rate

    @property
    def mics(self) -> int:
        return len(self.channels)

    @property
    def duration(self) -> float:
        return self.source.duration

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        return self.source.read(onset, duration)[self.channels]


class Resampled:
    """A recording at another rate; itself, read in stretches, where it has the rate already.

    Any stretch equals the same stretch of the whole resampled recording: the whole is resampled
    (soxr, HQ) and the last few are kept in memory, found by the identity of their source. Stated
    duration: the source's.
    """

    def __init__(self, source: Recording, sample_rate: int) -> None:
        self.source = source
        self.sample_rate = sample_rate

    @property
    def mics(self) -> int:
        return self.source.mics

    @property
    def duration(self) -> float:
        return self.source.duration

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        if self.source.sample_rate == self.sample_rate:
            return self.source.read(onset, duration)
        whole = _resampled_whole(_Itself(self.source), self.sample_rate)
        return whole.read(onset, duration).copy()


class Beginning:
    """The first seconds of a recording; all of it where it is shorter."""

    def __init__(self, source: Recording, longest: float) -> None:
        self.source = source
        self.longest = longest

    @property
    def sample_rate(self) -> int:
        return self.source.sample_rate

    @property
    def mics(self) -> int:
        return self.source.mics

    @property
    def duration(self) -> float:
        return min(self.source.duration, self.longest)

    def read(self, onset: float = 0.0, duration: float | None = None) -> Array:
        left = max(0.0, self.longest - onset)
        return self.source.read(onset, left if duration is None else min(duration, left))


def write_audio(path: Path, waves: Array, sample_rate: int) -> None:
    """(samples,) or (mics, samples) in 16 bits, of the kind that the name ends in: .wav, .flac. A
    .wav holds 32-bit floating-point numbers where some sample is beyond [-1, 1].

    Raises:
        ValueError: such a sample for a .flac. WriteFailed: disk full, no permission.
    """
    peak = float(np.abs(waves).max(initial=0.0))
    kind, subtype = path.suffix.removeprefix(".").upper(), "PCM_16" if peak <= 1 else "FLOAT"
    content = BytesIO()
    if kind == "FLAC" and peak > 1:
        raise ValueError(f"{path}: a sample of {peak:g} does not fit into a .flac; scale it down")
    soundfile.write(content, np.asarray(waves).T, sample_rate, format=kind, subtype=subtype)
    write_bytes(path, content.getvalue())


def mono(recording: Recording) -> Recording:
    """The mean of the channels, one microphone."""
    return Mono(recording)


def picked(recording: Recording, channels: Sequence[int]) -> Recording:
    """The channels of these numbers, counted from 0, in this order."""
    return Picked(recording, channels)


def resampled(recording: Recording, sample_rate: int) -> Recording:
    """The recording at `sample_rate`; see `Resampled`."""
    return Resampled(recording, sample_rate)


def beginning(recording: Recording, longest: float) -> Recording:
    """At most the first `longest` seconds."""
    return Beginning(recording, longest)


def read_header(path: Path) -> Header:
    """Rate, channels, length and sample format of a sound file.

    Raises:
        BadFile: absent, not audio, header truncated, WAV data shorter than its header states
            (a FLAC's show when it is read; an Ogg states none), or no samples.
    """
    _check_riff(path)
    try:
        with soundfile.SoundFile(path) as file:
            header = Header(file.samplerate, file.channels, file.frames, file.subtype)
    except (soundfile.LibsndfileError, OSError) as error:
        raise _undecodable(path, error) from error
    if header.frames <= 0:
        raise _empty(path)
    return header


def _check_riff(path: Path) -> None:
    """A WAV's data chunk is there and as long as its header says; libsndfile shortens silently."""
    try:
        with path.open("rb") as file:
            form = file.read(12)
            if not form.startswith(b"RIFF") or (len(form) == 12 and not form.endswith(b"WAVE")):
                return
            end = file.seek(0, 2)
            size, start = _data_chunk(file, end)
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror or error})") from error
    except struct.error as error:
        raise BadFile(
            f"{path}: the WAV header is truncated (the file ends after {end} bytes, before any"
            " samples); get or make the file again, or remove it"
        ) from error
    if size == 0:  # libsndfile would take what follows for samples
        raise _empty(path)
    if size != STREAMED and start + size > end:
        raise _truncated(path, size, end - start, "bytes of samples")


def _data_chunk(file: BinaryIO, end: int) -> tuple[int, int]:
    """(stated size, first byte) of the chunk with the samples; struct.error at the file's end."""
    position = 12
    while True:
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return size, position + 8
        position = min(position + 8 + size + size % 2, end)


class _Itself:
    """A recording as a key: equal to itself alone, whatever it holds."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.recording is self.recording

    def __hash__(self) -> int:
        return id(self.recording)


@lru_cache(maxsize=4)
def _resampled_whole(key: _Itself, rate: int) -> Waveform:
    source = key.recording
    samples = soxr.resample(source.read().T, source.sample_rate, rate, quality=QUALITY)
    return Waveform(np.ascontiguousarray(samples.T), rate)


def _span(samples: int, rate: int, onset: float, duration: float | None) -> slice:
    """The samples of a stretch, cut at the end of a recording of so many samples."""
    if onset < 0 or (duration is not None and duration < 0):
        raise ValueError(f"a stretch from {onset} s of {duration} s: neither may be negative")
    first = min(round(onset * rate), samples)
    last = samples if duration is None else min(round((onset + duration) * rate), samples)
    return slice(first, max(first, last))


def _empty(path: Path) -> BadFile:
    return BadFile(f"{path}: holds 0 samples; get or make the file again, or remove it")


def _truncated(path: Path, stated: int, present: int, unit: str) -> BadFile:
    return BadFile(
        f"{path}: truncated, its header states {stated} {unit} and {present} are there; get or"
        " make the file again, or remove it"
    )


def _undecodable(path: Path, error: Exception) -> BadFile:
    reason = getattr(error, "error_string", str(error)).strip(" .")
    return BadFile(
        f"{path}: not a sound file that can be decoded ({reason}); get or convert the file again,"
        " or remove it"
    )
