"""Cnn14 of PANNs as trained on AudioSet: the official files.

Source: qiuqiangkong/audioset_tagging_cnn, pytorch/models.py (Cnn14, Cnn14_16k).
"""

import re
from collections.abc import Mapping

from torch import Tensor

from seldbench.contracts import Weights
from seldbench.features.logmel_panns import SETTINGS

# What the file holds of its front end: the feature `logmel_panns` computes it instead.
FRONT_END = re.compile(r"(spectrogram|logmel)_extractor\..+")
SPECTROGRAM = "spectrogram_extractor.stft.conv_real.weight"
OFFICIAL = [
    (r"bn0\.(.+)", r"encoder.norm.\1"),
    (r"conv_block(\d)\.conv1\.(.+)", r"encoder.blocks.\1.layers.0.\2"),
    (r"conv_block(\d)\.bn1\.(.+)", r"encoder.blocks.\1.layers.1.\2"),
    (r"conv_block(\d)\.conv2\.(.+)", r"encoder.blocks.\1.layers.3.\2"),
    (r"conv_block(\d)\.bn2\.(.+)", r"encoder.blocks.\1.layers.4.\2"),
    (r"fc1\.(.+)", r"hidden.0.\1"),
    (r"fc_audioset\.(.+)", r"tags.\1"),
]


def convert(
    tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], *, sample_rate: int = 16000
) -> dict[str, Tensor]:
    """Official names -> the tensors of `panns_rnn`'s encoder, or all of `panns_cnn14`'s.

    Left out on purpose: the spectrogram's and the mel bank's matrices; both linear layers where
    the part is the encoder; the last one where the tagger has other classes (it then keeps its own
    new one).

    Args:
        sample_rate: what the features hear; the file's spectrogram, where it has one, says its own.

    Errors: ValueError for tensors that are unknown or missing, or of another rate.
    """
    plain = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    _check_rate(plain, sample_rate)
    named = {_ours(name): t for name, t in plain.items() if not FRONT_END.fullmatch(name)}
    whole = any(name.startswith("encoder.") for name in own)
    if not whole:
        inner = {n: t for n, t in named.items() if n.startswith("encoder.")}
        named = {name.removeprefix("encoder."): tensor for name, tensor in inner.items()}
    missing = [name for name in own if name not in named]
    if missing:
        raise ValueError(f"without a tensor for {missing[0]}: not the weights of a whole Cnn14")
    if whole and named["tags.weight"].shape != own["tags.weight"].shape:
        named |= {name: own[name] for name in ("tags.weight", "tags.bias")}
    return named


def _ours(name: str) -> str:
    for pattern, ours in OFFICIAL:
        found = re.fullmatch(pattern, name)
        if found:
            # The original counts its blocks from 1.
            return re.sub(r"blocks\.(\d)", lambda b: f"blocks.{int(b[1]) - 1}", found.expand(ours))
    raise ValueError(f"unknown tensor {name!r}: not the weights of Cnn14")


def _check_rate(plain: Mapping[str, Tensor], sample_rate: int) -> None:
    if sample_rate not in SETTINGS:
        known = ", ".join(map(str, SETTINGS))
        raise ValueError(f"no PANNs network hears {sample_rate} Hz; choose of: {known}")
    if SPECTROGRAM not in plain:
        return
    window = plain[SPECTROGRAM].shape[-1]
    rates = {setting.n_fft: rate for rate, setting in SETTINGS.items()}
    if rates.get(window) != sample_rate:
        raise ValueError(
            f"their spectrogram has windows of {window} samples, that of {sample_rate} Hz has"
            f" {SETTINGS[sample_rate].n_fft}: give the weights for {sample_rate} Hz, or set"
            " sample_rate in the features and of these weights"
        )


WEIGHTS = Weights(
    convert=convert,
    where="Cnn14_16k_mAP=0.438.pth from zenodo.org/record/3987831",
    source="Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn (MIT)",
    notes="Cnn14_mAP=0.431.pth of the same record is that of 32 kHz: sample_rate = 32000.",
)
