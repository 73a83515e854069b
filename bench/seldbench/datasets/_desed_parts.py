"""The parts of the DESED tree (DCASE 2022 task 4): where each lies, how large it is, what it says.

Source: DCASE-REPO/DESED_task, recipes/dcase2022_task4_baseline/confs/default.yaml and
generate_dcase_task4_2022.py; the counts are those of the public metadata.
"""

from dataclasses import dataclass
from typing import Literal

CLASSES: tuple[str, ...] = (
    "Alarm_bell_ringing",
    "Blender",
    "Cat",
    "Dishes",
    "Dog",
    "Electric_shaver_toothbrush",
    "Frying",
    "Running_water",
    "Speech",
    "Vacuum_cleaner",
)
SAMPLE_RATE = 16_000  # of the task; recordings at another rate are resampled as they are read
LONGEST = 10.0  # of a longer clip, only the beginning counts
CHANNELS = (1, 2)  # the files are mono or, as downloaded, stereo; a stereo file is averaged


@dataclass(frozen=True)
class Part:
    """One folder of clips and the table that names them.

    split: where its clips go, but for the share that goes to `held_out`, where that is set.
    audio, table, durations: below audio/ and metadata/. clips: how many there should be.
    length: where a clip's duration is read: the durations table, the start and end in its name, or
    its file's header (also where the one named does not have it).
    """

    split: str
    audio: str
    table: str
    kind: Literal["strong", "weak", "unlabelled"]
    length: Literal["table", "name", "header"]
    clips: int
    durations: str = ""
    held_out: str = ""
    optional: bool = False  # nothing needs it: its absence is no fault

    @property
    def splits(self) -> tuple[str, ...]:
        return (self.split, self.held_out) if self.held_out else (self.split,)


_SYNTHETIC_TRAIN = "train/synthetic21_train/soundscapes"
_SYNTHETIC_VALID = "validation/synthetic21_validation/soundscapes"

PARTS = (
    Part(
        "train/weak",
        audio="train/weak",
        table="train/weak.tsv",
        kind="weak",
        length="name",
        clips=1578,
        held_out="valid/weak",
    ),
    Part(
        "train/unlabelled",
        audio="train/unlabel_in_domain",
        table="train/unlabel_in_domain.tsv",
        kind="unlabelled",
        length="name",
        clips=14412,
    ),
    Part(
        "train/real",
        audio="train/strong_label_real",
        table="train/audioset_strong.tsv",
        kind="strong",
        length="name",
        clips=3470,
    ),
    Part(
        "train/synthetic",
        audio=_SYNTHETIC_TRAIN,
        table=f"{_SYNTHETIC_TRAIN}.tsv",
        kind="strong",
        length="header",
        clips=10000,
    ),
    Part(
        "valid/synthetic",
        audio=_SYNTHETIC_VALID,
        table=f"{_SYNTHETIC_VALID}.tsv",
        kind="strong",
        length="table",
        clips=2500,
        durations="validation/synthetic21_validation/durations.tsv",
    ),
    Part(
        "test",
        audio="validation/validation",
        table="validation/validation.tsv",
        kind="strong",
        length="table",
        clips=1168,
        durations="validation/validation_durations.tsv",
    ),
    Part(
        "test/public",
        audio="eval/public",
        table="eval/public.tsv",
        kind="strong",
        length="header",
        clips=692,
        optional=True,
    ),
)
