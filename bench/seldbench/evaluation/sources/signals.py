"""Separated signals on disk against the true ones: SI-SDR, its improvement over the mixture, SNR.

Layout, `<mixture>` being a mixture's filename without its ending, .wav or .flac: references
`<mixture>/<source>.wav`; estimates likewise where every source is asked for, `<mixture>.wav` where
one is, `<mixture>/<answer>.wav` where answers have numbers; mixtures `<mixture>.wav`, whose first
channel (microphone 0) counts. Rates and lengths are the same. One mixture is in memory at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seldbench.audio import AudioFile
from seldbench.errors import BadFile
from seldbench.metrics.separation import si_sdr, snr

Array = np.ndarray
ENDINGS = (".wav", ".flac")
LIMIT = 100.0  # dB: more than 16 bits tell apart; keeps means finite


@dataclass(frozen=True)
class Signals:
    """Folders of separated signals, of the true ones and, where known, of the mixtures."""

    estimates: Path
    references: Path
    mixtures: Path | None = None


@dataclass(frozen=True, eq=False)
class Quality:
    """(sources,) dB of each source, limited to [-100, 100]; NaN for a silent reference and a source
    without an estimate, and of the improvement without mixtures. silent: names of those references.
    limited: values cut. estimated: number of sources with an estimate."""

    si_sdr: Array
    si_sdri: Array
    snr: Array
    silent: tuple[str, ...]
    limited: int
    estimated: int


@dataclass(frozen=True, eq=False)
class _Signal:
    """samples: (samples,) float64."""

    path: Path
    rate: int
    samples: Array


def quality(
    signals: Signals, mixtures: Sequence[str], source: Array, estimates: Sequence[str | None]
) -> Quality:
    """Of the separated signals of sources.

    Args:
        mixtures: (sources,) the name of each one's mixture; sources of one stand together.
        source: (sources,) its number there.
        estimates: (sources,) its estimate's path without an ending, such as "m1" or "m1/0"; None
            for a source that was not found.

    Raises:
        BadFile: a signal that is absent, cannot be read, or has another rate, length or number of
            channels.
    """
    values = np.full((len(estimates), 3), np.nan)
    given = np.array([name is not None for name in estimates], dtype=bool)
    rows = np.flatnonzero(given).tolist()
    for i, mix in zip(rows, _with_mixture(signals, [mixtures[i] for i in rows])):
        true = f"{stem(mixtures[i])}/{int(source[i])}"
        values[i] = _of_one(signals, true, str(estimates[i]), mix)
    cut = np.clip(values, -LIMIT, LIMIT)
    silent = np.flatnonzero(given & np.isnan(values[:, 0])).tolist()
    return Quality(
        cut[:, 0],
        cut[:, 0] - cut[:, 2],
        cut[:, 1],
        tuple(f"{stem(mixtures[i])}/{source[i]}" for i in silent),
        int((np.abs(values) > LIMIT).sum()),
        int(given.sum()),
    )


def _with_mixture(signals: Signals, mixtures: Sequence[str]) -> Iterator[_Signal | None]:
    """For every source its mixture's signal, which is read once."""
    last: str | None = None
    mix: _Signal | None = None
    for name in mixtures:
        if signals.mixtures is not None and name != last:
            mix = _read(find(signals.mixtures, stem(name)), None)
        last = name
        yield mix


def _of_one(
    signals: Signals, reference: str, estimate: str, mix: _Signal | None
) -> tuple[float, float, float]:
    """SI-SDR and SNR of the estimate, and SI-SDR of the mixture (NaN without one)."""
    true = _read(find(signals.references, reference), 1)
    guess = _read(find(signals.estimates, estimate), 1)
    _refuse_unlike(guess, true)
    if mix is None:
        before = np.nan
    else:
        _refuse_unlike(mix, true)
        before = float(si_sdr(mix.samples, true.samples))
    return (
        float(si_sdr(guess.samples, true.samples)),
        float(snr(guess.samples, true.samples)),
        before,
    )


def _read(path: Path, channels: int | None) -> _Signal:
    """The first channel."""
    file = AudioFile(path, None if channels is None else (channels,))
    return _Signal(path, file.sample_rate, file.read()[0].astype(np.float64))


def _refuse_unlike(one: _Signal, true: _Signal) -> None:
    for what, a, b in (
        ("Hz", one.rate, true.rate),
        ("samples", len(one.samples), len(true.samples)),
    ):
        if a != b:
            raise BadFile(
                f"{one.path}: {a} {what}, but {true.path} has {b}; resample, cut or pad one of them"
            )


def find(folder: Path, name: str) -> Path:
    """The signal of this name, less its ending.

    Raises:
        BadFile: none, or two that differ in their ending.
    """
    if not folder.is_dir():
        raise BadFile(f"{folder}: not a folder of signals")
    found = [path for end in ENDINGS if (path := folder / f"{name}{end}").is_file()]
    if not found:
        raise BadFile(f"{folder / name}.wav: not found; expected a .wav or .flac for each source")
    if len(found) > 1:
        raise BadFile(f"{found[0]}: {found[1].name} lies beside it; keep one")
    return found[0]


def stem(mixture: str) -> str:
    """A mixture's filename without its ending."""
    ending = next((end for end in ENDINGS if mixture.lower().endswith(end)), "")
    return mixture[: len(mixture) - len(ending)]
