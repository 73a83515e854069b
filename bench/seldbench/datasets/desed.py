"""DESED, the development set of DCASE 2022 task 4: domestic sounds, ten classes, clips of 10 s.

Sources: Turpault et al. 2019 (DCASE workshop), Serizel et al. 2020 (ICASSP); layout and downloads
of DCASE-REPO/DESED_task (recipes/dcase2022_task4_baseline) and turpaultn/DESED (desed/download.py).
The split that is reported, `test`, is called "validation" on disk.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from seldbench.contracts import Clip, Dataset
from seldbench.datasets._desed_parts import CLASSES, PARTS, Part
from seldbench.datasets._desed_tree import Tree
from seldbench.datasets._inspection import SplitFiles
from seldbench.datasets._manifest import MANIFEST, is_manifest
from seldbench.errors import BadFile, MissingData

# Where the tree may lie below the data root, in the order in which it is looked for.
PLACES = ("desed/dataset", "desed", "dcase/dataset", "dataset", ".")
# Versions of the test labels by their number of events.
TEST_LABELS = {
    4224: "current (4224 events, after the organisers' clean-up)",
    4236: "older (4236 events)",
}
TEST = next(part for part in PARTS if part.split == "test")
SIMULATED = "Ysim"  # how the names of simulated recordings begin

_YOUTUBE = """
      metadata: https://zenodo.org/records/4639776 (audioset_metadata.tar.gz)
      audio, clip by clip from YouTube (needs ffmpeg; fetches the metadata as well):
        pip install desed
        python -c "import desed; desed.download_audioset_data('{tree}')"
      clips that have vanished are handed out by the organisers on request"""
_REAL = """
      metadata: https://zenodo.org/records/6444477 (audioset_strong.tsv), to be put at
        {tree}/metadata/train/audioset_strong.tsv
      audio, clip by clip from YouTube (needs ffmpeg):
        pip install desed
        python -c "from desed.download import download_audioset_files_from_csv as get; \
get('{tree}/metadata/train/audioset_strong.tsv', '{tree}/audio/train/strong_label_real')"
      clips that have vanished are handed out by the organisers on request"""
_SYNTHETIC = """
      audio and metadata: https://zenodo.org/records/6026841 (dcase_synth.zip), to be unpacked in
        {tree}"""
_PUBLIC = """
      audio and metadata: https://zenodo.org/records/4560759 (DESED_public_eval.tar.gz), to be
        unpacked in {tree}"""
OBTAIN = {
    "train/weak": _YOUTUBE,
    "train/unlabelled": _YOUTUBE,
    "train/real": _REAL,
    "train/synthetic": _SYNTHETIC,
    "valid/synthetic": _SYNTHETIC,
    "test": _YOUTUBE,
    "test/public": _PUBLIC,
}


class Desed:
    """The real tree. Built with the data root; PLACES says where the tree may lie below it.

    Raises:
        MissingData: no tree in any of the places.
        BadFile: what is there was simulated.
    """

    name = "desed"
    task = "sed"
    classes = CLASSES
    test_classes = CLASSES
    grid: float | None = None
    splits = tuple(split for part in PARTS for split in part.splits)
    folds = 1
    citation = (
        "N. Turpault, R. Serizel, A. Parag Shah, J. Salamon: Sound event detection in domestic"
        " environments with weakly labeled data and soundscape synthesis. DCASE workshop, 2019"
    )
    licence = (
        "as stated by the Zenodo records 4639776, 6444477, 6026841 and 4560759; the recordings are"
        " their uploaders' (YouTube, Freesound)"
    )
    simulated: str | None = None
    sounds: str | None = None

    def __init__(self, root: Path) -> None:
        folder = _find(root)
        _refuse_simulated(folder)
        self.tree = Tree(
            self.name,
            folder,
            PARTS,
            classes=self.classes,
            obtain=lambda part: _how_to_obtain([part], folder, root),
        )

    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]:
        return self.tree.clips(split, fold)

    def coverage(self, split: str) -> tuple[int, int]:
        return self.tree.coverage(split)

    def fingerprint(self) -> str:
        return self.tree.fingerprint

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        return self.tree.notes(split)

    def provenance(self) -> dict[str, object]:
        """The tables and folders in use, and which version of the test labels was found."""
        found: dict[str, object] = {"sounds": self.sounds, "parts": self.tree.provenance()}
        test = self.tree.files("test")
        if test.table is not None:
            events = sum(len(of_clip) for of_clip in test.events.values())
            found["test_labels"] = TEST_LABELS.get(events, f"unknown ({events} events)")
        return found

    def inspect(self, split: str) -> SplitFiles:
        """For `data check`: all that is to be said of a split's files."""
        return self.tree.inspect(split)

    def faults(self) -> list[str]:
        """For `data check`: a data set of others' making has no fault but those of its files."""
        return []


DATASET: type[Dataset] = Desed


def _refuse_simulated(tree: Path) -> None:
    """A simulated tree has a manifest; the names of its recordings tell it, too."""
    folders = [tree / "audio" / f"{TEST.audio}{suffix}" for suffix in ("_16k", "")]
    names = [name for folder in folders if folder.is_dir() for name in os.listdir(folder)]
    by_name = bool(names) and all(name.startswith(SIMULATED) for name in names)
    if by_name or any(is_manifest(folder / MANIFEST) for folder in (tree, tree.parent)):
        raise BadFile(f"{tree}: simulated scenes, not DESED; use them with --dataset desed-sim")


def _find(root: Path) -> Path:
    places = [root / place for place in PLACES]
    for place in places:
        if any((place / inner).is_dir() for inner in ("audio", "metadata", "dcase_synth")):
            return place
    looked = "\n".join(f"  {place}" for place in places)
    raise MissingData(
        f"desed: no tree found. Looked for audio/ and metadata/ (or dcase_synth/) in\n{looked}\n"
        + _how_to_obtain(PARTS, places[0], root)
    )


def _how_to_obtain(parts: Sequence[Part], tree: Path, root: Path) -> str:
    """In words and commands, parts that are obtained together said once; and the stand-in."""
    together: dict[str, list[str]] = {}
    for part in parts:
        together.setdefault(OBTAIN[part.split], []).append(
            f"{', '.join(part.splits)}: {part.clips} clips in {tree}/audio/{part.audio}"
        )
    lines = ["How to obtain it (seldbench downloads nothing from YouTube itself):"]
    for how, names in together.items():
        lines += [f"  {name}" for name in names]
        lines.append(how.format(tree=tree).strip("\n"))
    lines += [
        "Without it, simulated scenes can stand in; results on them are marked as simulated:",
        f"  seldbench data simulate desed-sim --scale small --data-root {quote(str(root))}",
        f"  seldbench run --arch crnn --dataset desed-sim --data-root {quote(str(root))}",
    ]
    return "\n".join(lines)
