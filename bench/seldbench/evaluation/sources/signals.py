"""Separated signals on disk against the true ones: SI-SDR, its improvement over the mixture, SNR.

Layout, `<mixture>` being a mixture's filename without its ending, .wav or .flac: references
`<mixture>/<source>.wav`; estimates likewise where every source is asked for, `<mixture>.wav` where
one is; mixtures `<mixture>.wav`, whose first channel (microphone 0) counts. Rates and lengths are
the same. One mixture is in memory at a time.
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
    """(sources,) dB of each source, limited to [-100, 100]; NaN for a silent reference, and of the
    improvement without mixtures. silent: names of those references. limited: values cut."""

    si_sdr: Array
    si_sdri: Array
    snr: Array
    silent: tuple[str, ...]
    limited: int


@dataclass(frozen=True, eq=False)
class _Signal:
    """samples: (samples,) float64."""

    path: Path
    rate: int
    samples: Array


def quality(signals: Signals, mixtures: Sequence[str], source: Array, *, each: bool) -> Quality:
    """Of the separated signals of sources.

    Args:
        mixtures: (sources,) the name of each one's mixture; sources of one stand together.
        source: (sources,) its number there.
        each: every source is asked for, so that a mixture has a folder of estimates.

    Raises:
        BadFile: a signal that is absent, cannot be read, or has another rate, length or number of
            channels.
    """
    rows = [
        _of_one(signals, mixture, int(number), from_mix, each)
        for mixture, number, from_mix in _with_mixture(signals, mixtures, source)
    ]
    values = np.array(rows, dtype=np.float64).reshape(-1, 3)
    cut = np.clip(values, -LIMIT, LIMIT)
    improved = cut[:, 0] - cut[:, 2]
    silent = tuple(
        f"{_stem(m)}/{n}" for m, n, v in zip(mixtures, source, values[:, 0]) if np.isnan(v)
    )
    limited = int((np.abs(values) > LIMIT).sum())
    return Quality(cut[:, 0], improved, cut[:, 1], silent, limited)


def _with_mixture(
    signals: Signals, mixtures: Sequence[str], source: Array
) -> Iterator[tuple[str, int, _Signal | None]]:
    """Sources with their mixture's signal, which is read once."""
    last: str | None = None
    mix: _Signal | None = None
    for name, number in zip(mixtures, source):
        if signals.mixtures is not None and name != last:
            mix = _read(_find(signals.mixtures, _stem(name)), None)
        last = name
        yield name, number, mix


def _of_one(
    signals: Signals, mixture: str, source: int, mix: _Signal | None, each: bool
) -> tuple[float, float, float]:
    """SI-SDR and SNR of the estimate, and SI-SDR of the mixture (NaN without one)."""
    stem = _stem(mixture)
    true = _read(_find(signals.references, f"{stem}/{source}"), 1)
    guess = _read(_find(signals.estimates, f"{stem}/{source}" if each else stem), 1)
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


def _find(folder: Path, name: str) -> Path:
    """The signal of this name, less its ending."""
    if not folder.is_dir():
        raise BadFile(f"{folder}: not a folder of signals")
    found = [path for end in ENDINGS if (path := folder / f"{name}{end}").is_file()]
    if not found:
        raise BadFile(f"{folder / name}.wav: not found; expected a .wav or .flac for each source")
    if len(found) > 1:
        raise BadFile(f"{found[0]}: {found[1].name} lies beside it; keep one")
    return found[0]


def _stem(mixture: str) -> str:
    ending = next((end for end in ENDINGS if mixture.lower().endswith(end)), "")
    return mixture[: len(mixture) - len(ending)]
