"""Small trees in the real layouts: DESED, and sets of recordings with directions."""

import numpy as np
import pytest
import soundfile

from seldbench.datasets.desed import DATASET

SYNTHETIC_TRAIN = "train/synthetic21_train/soundscapes"
SYNTHETIC_VALID = "validation/synthetic21_validation/soundscapes"
WEAK = {f"Yab-{i:02d}_xyz-_{i}.000_{i + 10}.000.wav": "Dog" for i in range(12)} | {
    f"Y__-{i:02d}_abc_{i}.000_{i + 10}.000.wav": "Dishes,Speech" for i in range(8)
}
UNLABELLED = ["Yu-1_23456789_0.000_10.000.wav", "Yu_2-23456789_30.000_34.500.wav"]
EMPTY = "YnothingHere_0.000_10.000.wav"
TEST = [
    ("Y-0dog_cat_12_5.000_15.000.wav", 0.5, 2.0, "Dog"),
    ("Y-0dog_cat_12_5.000_15.000.wav", 1.0, 2.5, "Cat"),
    (EMPTY, "", "", ""),
    ("Yshort_6789_-_20.000_24.000.wav", 0.0, 4.0, "Frying"),
]
TEST_DURATIONS = {TEST[0][0]: 10.0, EMPTY: 10.0, TEST[3][0]: 4.0}
EVENT = ("filename", "onset", "offset", "event_label")


class DesedTree:
    """A tree below `folder`. Methods add one thing each and say where it is."""

    def __init__(self, folder, rate=16000, suffix="_16k", synthetic=""):
        """synthetic: "dcase_synth" to put the synthetic parts there."""
        self.folder, self.rate, self.suffix, self.synthetic = folder, rate, suffix, synthetic

    def table(self, name, columns, rows):
        path = self.folder / self._base(name) / "metadata" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["\t".join(map(str, row)) for row in [columns, *rows]]
        path.write_text("\n".join(lines) + "\n")
        return path

    def wav(self, part, name, *, seconds=0.1, channels=1, rate=None, suffix=None, level=0.1):
        """level: the value of every sample, one for each channel or one for all."""
        rate, suffix = rate or self.rate, self.suffix if suffix is None else suffix
        path = self.folder / self._base(part) / "audio" / f"{part}{suffix}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.broadcast_to(level, (round(seconds * rate), channels))
        soundfile.write(path, samples, rate, subtype="PCM_16")
        return path

    def weak(self):
        self.table("train/weak.tsv", ("filename", "event_labels"), WEAK.items())
        return [self.wav("train/weak", name) for name in WEAK]

    def unlabelled(self):
        self.table("train/unlabel_in_domain.tsv", ("filename",), [[n] for n in UNLABELLED])
        return [self.wav("train/unlabel_in_domain", name) for name in UNLABELLED]

    def synthetic_train(self):
        rows = [("0.wav", 0.02, 0.08, "Blender"), ("1.wav", 0.0, 0.05, "Speech")]
        self.table(f"{SYNTHETIC_TRAIN}.tsv", EVENT, rows)
        return [self.wav(SYNTHETIC_TRAIN, name, level=0.25) for name in ("0.wav", "1.wav")]

    def synthetic_valid(self):
        rows = [("0.wav", 0.01, 0.05, "Cat"), ("1.wav", 0.0, 0.05, "Alarm_bell_ringing")]
        self.table(f"{SYNTHETIC_VALID}.tsv", EVENT, rows)
        durations = f"{SYNTHETIC_VALID.removesuffix('soundscapes')}durations.tsv"
        self.table(durations, ("filename", "duration"), [("0.wav", 0.1), ("1.wav", 0.1)])
        return [self.wav(SYNTHETIC_VALID, name, level=-0.25) for name in ("0.wav", "1.wav")]

    def test(self):
        self.table("validation/validation.tsv", EVENT, TEST)
        durations = "validation/validation_durations.tsv"
        self.table(durations, ("filename", "duration"), TEST_DURATIONS.items())
        return [self.wav("validation/validation", name) for name in TEST_DURATIONS]

    def all(self):
        self.weak()
        self.unlabelled()
        self.synthetic_train()
        self.synthetic_valid()
        self.test()
        return self

    def _base(self, name):
        return self.synthetic if "synthetic21" in name else ""


@pytest.fixture
def tree(tmp_path):
    """An empty tree at the first place that is looked for, and the data root above it."""
    return DesedTree(tmp_path / "desed" / "dataset")


@pytest.fixture
def make_tree(tmp_path):
    """make_tree(place, **options): a tree at a place below the data root."""
    return lambda place, **options: DesedTree(tmp_path / place, **options)


@pytest.fixture
def desed(tmp_path):
    """Opens the data set below the data root."""
    return lambda: DATASET(tmp_path)


class SeldFolder:
    """foa_dev/, mic_dev/ and metadata_dev/ in `folder`, clips of a second. Methods add a file each
    and say where it is; `inner` is the subfolder."""

    def __init__(self, folder):
        self.folder = folder

    def wav(self, stem, layout="foa", inner="", *, seconds=1.0, channels=4, rate=24000, area="dev"):
        path = self.folder / f"{layout}_{area}" / inner / f"{stem}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.full((round(seconds * rate), channels), 0.1)
        soundfile.write(path, samples, rate, subtype="PCM_16")
        return path

    def csv(self, stem, rows="0,1,0,10,-5\n", inner="", *, area="dev"):
        path = self.folder / f"metadata_{area}" / inner / f"{stem}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows)
        return path

    def clip(self, stem, rows="0,1,0,10,-5\n", inner="", layouts=("foa",), **options):
        for layout in layouts:
            self.wav(stem, layout, inner, **options)
        return self.csv(stem, rows, inner)


@pytest.fixture
def seld_folder(tmp_path):
    """seld_folder(name): an empty folder of that name below the data root."""
    return lambda name: SeldFolder(tmp_path / name)


@pytest.fixture
def open_set(tmp_path):
    """open_set(name): the data set of that name in the data root."""
    from seldbench.datasets import open_dataset

    return lambda name: open_dataset(name, tmp_path)
