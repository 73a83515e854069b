"""What is mixed: which sounds, from where, when and how loud; then measured, so that the numbers of
the table are gains and nothing is left to chance or to measurement when a mixture is read.

`dominant`: a target and one or two interferers, 2 to 8 dB below it, from other directions; sounds
overlap the target (`placing.around`). `equal`: three sources of equal level in a row
(`placing.in_a_row`), the parity set. Classes are drawn with replacement, sounds and directions
without; every order is random, so that neither a source's number nor its class tells the target.
Source: specification of seldbench, D.8. The level of the whole is set by the mixture's peak: 0.5 at
the loudest microphone, so that no log magnitude of a window reaches that of full scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seldbench.errors import BadFile
from seldbench.simulation.mixtures.balance import PEAK, active_level, noise_gain
from seldbench.simulation.mixtures.files import MixtureFiles, noise_file, sound_file
from seldbench.simulation.mixtures.options import Options
from seldbench.simulation.mixtures.placing import around, in_a_row
from seldbench.simulation.mixtures.rendering import image_of, images
from seldbench.simulation.mixtures.responses import STEP
from seldbench.simulation.mixtures.sampling import SAMPLES, Array, Rng
from seldbench.simulation.mixtures.table import Mixture, Noise, Source
from seldbench.simulation.seeds import generator

NAME = "mix75-sim"
BELOW = (2.0, 8.0)  # dB of an interferer below the target
SNR_MEAN, SNR_DEVIATION, SNR_RANGE = 15.0, 3.0, (6.0, 24.0)  # dB
MOST = 3  # sources
DIRECTIONS = 360 // STEP


@dataclass(frozen=True)
class Stock:
    """What a split's mixtures are made of. sounds: {class: how many}, without classes that have
    none; noises: recordings, of `length` samples each."""

    sounds: dict[str, int]
    noises: int
    length: int


def plan_mixture(
    files: MixtureFiles, stock: Stock, options: Options, *, seed: int, split: str, index: int
) -> Mixture:
    """A mixture of a split; a function of what it is called with and of the sounds in `files`.

    Raises:
        BadFile: a sound that is silent, or cannot be read.
    """
    rng = generator(seed, NAME, split, index)
    equal = options.levels == "equal"
    count = MOST if equal else int(rng.integers(2, MOST + 1))
    target = int(rng.integers(count))
    azimuths = _directions(count, options.jitter, rng)
    chosen = _sounds(stock, split, count, rng)
    dry = [files.whole(file) for _, file in chosen]
    lengths = [len(wave) for wave in dry]
    onsets = in_a_row(lengths, rng) if equal else around(target, lengths, rng)
    levels = [0.0 if equal or k == target else _below(rng) for k in range(count)]
    sources = [
        Source(*chosen[k], azimuths[k], onsets[k], lengths[k], levels[k], gain=1.0)
        for k in range(count)
    ]
    noise = _noise(stock, split, rng)
    snr = round(float(np.clip(rng.normal(SNR_MEAN, SNR_DEVIATION), *SNR_RANGE)), 3)
    name = f"{split}_{index:05d}"
    return _balanced(files, Mixture(name, target, snr, noise, tuple(sources)), dry)


def _directions(count: int, jitter: int, rng: Rng) -> list[int]:
    places = STEP * rng.permutation(DIRECTIONS)[:count]
    return [int(a) % 360 for a in places + rng.integers(-jitter, jitter + 1, count)]


def _sounds(stock: Stock, split: str, count: int, rng: Rng) -> list[tuple[str, str]]:
    """Classes and files. No sound comes twice: two copies of one are not two sources."""
    labels = list(stock.sounds)
    found: list[tuple[str, str]] = []
    while len(found) < count:
        label = labels[int(rng.integers(len(labels)))]
        sound = (label, sound_file(split, label, int(rng.integers(stock.sounds[label]))))
        found += [sound] if sound not in found else []
    return found


def _below(rng: Rng) -> float:
    return -round(float(rng.uniform(*BELOW)), 3)


def _noise(stock: Stock, split: str, rng: Rng) -> Noise:
    file = noise_file(split, int(rng.integers(stock.noises)))
    return Noise(file, int(rng.integers(stock.length - SAMPLES + 1)), 1.0)


def _balanced(files: MixtureFiles, mixture: Mixture, dry: Sequence[Array]) -> Mixture:
    """The mixture with the gains that its levels, its SNR and the peak ask for."""
    alone = [image_of(files.array, s, wave) for s, wave in zip(mixture.sources, dry)]
    gains = [_gain(files, s, wave) for s, wave in zip(mixture.sources, alone)]
    summed = np.sum([gain * wave for gain, wave in zip(gains, alone)], axis=0)
    noise = files.noise(mixture.noise)
    behind = noise_gain(summed, noise[0], mixture.snr)
    sources = [replace(s, gain=gain) for s, gain in zip(mixture.sources, gains)]
    heard = images(files.array, sources, dry) + np.float32(behind) * noise
    scale = PEAK / float(np.abs(heard).max())
    return replace(
        mixture,
        noise=replace(mixture.noise, gain=_short(scale * behind)),
        sources=tuple(replace(s, gain=_short(scale * s.gain)) for s in sources),
    )


def _gain(files: MixtureFiles, source: Source, alone: Array) -> float:
    level = active_level(alone)
    if not np.isfinite(level):
        raise BadFile(f"{files.folder / source.sound}: silent; take it out of the sounds")
    return float(10 ** ((source.level - level) / 20))


def _short(gain: float) -> float:
    """Seven digits: more than the waves have."""
    return float(f"{gain:.7g}")
