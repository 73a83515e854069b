"""Log-mel filter bank of the audio spectrogram transformer (AST), as Kaldi computes it.

16 kHz mono; frames of 400 samples every 160 (10 ms) that lie within the wave; of each its mean
removed, pre-emphasis 0.97, symmetric Hann, zeros up to 512, power; 128 triangles linear in mel
20-8000 Hz; natural logarithm, at least that of 2^-23.
Source: YuanGongND/ast, src/dataloader.py, through torchaudio.compliance.kaldi.fbank. The paper
(Gong et al. 2021, arXiv:2104.01778) says Hamming; its code and weights have Hann.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seldbench.features._mel import kaldi_bank, kaldi_edges
from seldbench.geometry import IDENTITY, Rotation

WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
N_FFT = 512
LOW, HIGH = 20.0, 8000.0  # hertz
PRE_EMPHASIS = 0.97
SMALLEST = 2.0**-23  # power; float32's epsilon, 1.1920929e-07
NEPERS = math.log(10.0) / 10.0  # of a decibel of power
# Samples of frames that are worked on at a time on the CPU: more fall out of its cache.
PIECE, LARGE_PIECE = 1 << 17, 1 << 24


class FbankAst(nn.Module):
    """(batch, 1, samples) -> natural logarithms of power, (batch, 1, frames, 128).

    They are finished as they are: the network scales them, by the mean and deviation that its
    weights were trained with. A band of 79 Hz (the fourth) catches no bin of the transform and is
    the least value always, as in the original.

    Args:
        blank: whether frames beyond a recording's end hold 0.0, as the original pads (louder than
            the mean of AudioSet); else they are silence.

    Everything is computed in float32, inside autocast too.
    """

    version = 1
    layout = "mono"
    sample_rate = 16000
    channels = 1
    bins = 128
    lags = 0
    hop = HOP_SAMPLES / 16000
    margin = 2  # of the 400 samples from a cut's last hop on, 240 lie beyond it
    statistics = False
    fitted = False

    window: Tensor
    bank: Tensor

    def __init__(self, *, blank: bool = True) -> None:
        super().__init__()
        self.blank = 0.0 if blank else None
        bank = kaldi_bank(
            n_fft=N_FFT, sample_rate=self.sample_rate, bands=self.bins, low=LOW, high=HIGH
        )
        self.register_buffer("window", torch.hann_window(WINDOW_SAMPLES, periodic=False), False)
        self.register_buffer("bank", bank, False)

    def frames(self, samples: int) -> int:
        """Frames of a clip of so many samples; 0 of one shorter than a frame."""
        return max(0, 1 + (samples - WINDOW_SAMPLES) // HOP_SAMPLES)

    def edges(self, bin: int) -> tuple[float, float]:
        """Where the triangle of a band begins and ends, in hertz."""
        edges = kaldi_edges(self.bins, LOW, HIGH)
        return float(edges[bin]), float(edges[bin + 2])

    def spectrum(self, waves: Tensor) -> Tensor:
        """(batch, 1, samples) -> (batch, 1, frames, bins).

        Errors: ValueError for another number of channels, and for waves shorter than a frame.
        """
        if waves.dim() != 3 or waves.shape[1] != 1:
            raise ValueError(f"fbank_ast takes (batch, 1, samples), not {tuple(waves.shape)}")
        if waves.shape[-1] < WINDOW_SAMPLES:
            raise ValueError(
                f"{waves.shape[-1]} samples are less than a frame: pad to {WINDOW_SAMPLES}"
            )
        with torch.autocast(waves.device.type, enabled=False):
            waves = waves[:, 0].float()
            frames = waves.unfold(-1, WINDOW_SAMPLES, HOP_SAMPLES)  # (batch, frames, samples)
            piece = PIECE if waves.device.type == "cpu" else LARGE_PIECE
            size = max(piece // (len(waves) * N_FFT), 1)
            return torch.cat([self._log_mel(part) for part in frames.split(size, 1)], 1)[:, None]

    def _log_mel(self, frames: Tensor) -> Tensor:
        """(batch, frames, samples) -> (batch, frames, bins)."""
        centred = frames - frames.mean(-1, keepdim=True)
        # The first sample, which pre-emphasis would repeat, has weight 0 in this window.
        steps = centred[..., 1:] - PRE_EMPHASIS * centred[..., :-1]
        padded = centred.new_zeros(*frames.shape[:-1], N_FFT)
        torch.mul(steps, self.window[1:], out=padded[..., 1:WINDOW_SAMPLES])
        spectra = torch.fft.rfft(padded)
        power = spectra.real.square().addcmul_(spectra.imag, spectra.imag)
        return (power @ self.bank).clamp_(min=SMALLEST).log_()

    def statistic(self, spectrum: Tensor) -> Tensor:
        """Nothing of the whole clip is needed: (batch, 0)."""
        return spectrum.new_zeros(len(spectrum), 0)

    def silence(self) -> float:
        """The logarithm of the smallest power, -15.942."""
        return math.log(SMALLEST)

    def gain(self, spectrum: Tensor, decibels: Tensor) -> Tensor:
        """Logarithms of a power amplified by `decibels`, broadcastable to the spectrum."""
        return spectrum + decibels * NEPERS

    def rotate(self, spectrum: Tensor, rotation: Rotation) -> Tensor | None:
        """One microphone hears no direction: nothing but the identity."""
        return spectrum if rotation == IDENTITY else None

    def finish(self, spectrum: Tensor, statistic: Tensor, start: Tensor | int = 0) -> Tensor:
        """The spectrum as it is."""
        return spectrum

    def fit(self, spectra: Iterable[Tensor]) -> None:
        """Nothing: the network scales its input."""


FEATURES = FbankAst
