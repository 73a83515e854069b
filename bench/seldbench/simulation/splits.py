"""The splits of a DESED tree: where they lie on disk and how their clips are made."""

from dataclasses import dataclass

from seldbench.simulation.calibration import SIZES
from seldbench.simulation.statistics import REAL, SYNTHETIC, TEST, WEAK, SplitStatistics


@dataclass(frozen=True)
class Split:
    """group: whose sources it uses; kind: "recording" (generator R) or "soundscape" (S).

    audio, table, durations: paths below `dataset/`; labels: what the table tells of a clip
    ("strong", "weak" or "none").
    """

    name: str
    group: str
    kind: str
    statistics: SplitStatistics
    audio: str
    table: str
    labels: str
    durations: str | None = None


SPLITS = {
    split.name: split
    for split in (
        Split(
            "train/weak",
            "train",
            "recording",
            WEAK,
            "audio/train/weak_16k",
            "metadata/train/weak.tsv",
            "weak",
        ),
        Split(
            "train/unlabelled",
            "train",
            "recording",
            WEAK,
            "audio/train/unlabel_in_domain_16k",
            "metadata/train/unlabel_in_domain.tsv",
            "none",
        ),
        Split(
            "train/real",
            "train",
            "recording",
            REAL,
            "audio/train/strong_label_real_16k",
            "metadata/train/audioset_strong.tsv",
            "strong",
        ),
        Split(
            "train/synthetic",
            "train",
            "soundscape",
            SYNTHETIC,
            "audio/train/synthetic21_train/soundscapes_16k",
            "metadata/train/synthetic21_train/soundscapes.tsv",
            "strong",
        ),
        Split(
            "valid/synthetic",
            "validation",
            "soundscape",
            SYNTHETIC,
            "audio/validation/synthetic21_validation/soundscapes_16k",
            "metadata/validation/synthetic21_validation/soundscapes.tsv",
            "strong",
            "metadata/validation/synthetic21_validation/durations.tsv",
        ),
        Split(
            "test",
            "test",
            "recording",
            TEST,
            "audio/validation/validation_16k",
            "metadata/validation/validation.tsv",
            "strong",
            "metadata/validation/validation_durations.tsv",
        ),
    )
}


def counts(scale: str) -> dict[str, int]:
    """{split: clips} of a scale."""
    return dict(zip(SPLITS, SIZES[scale]))
