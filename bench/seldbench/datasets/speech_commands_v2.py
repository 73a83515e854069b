"""Speech Commands, version 2: 105,829 recordings of one of 35 words, up to a second, 16 kHz.

Sources: Warden 2018, arXiv:1804.03209; the archive's own README.md. Classes are the 35 words in
alphabetical order. `_background_noise_` belongs to no split.
"""

from pathlib import Path
from shlex import quote

from seldbench.datasets._publication import Archive, Publication, RemoteFile
from seldbench.datasets._speech_commands_tree import LISTS, NOISE, SpeechCommandsTree
from seldbench.datasets._tag_set import TagSet, find_tree, stand_in

NAME = "speech_commands_v2"
CLIPS = {"train": 84_843, "valid": 9_981, "test": 11_005}
CLASSES = (
    *("backward", "bed", "bird", "cat", "dog", "down", "eight", "five", "follow", "forward"),
    *("four", "go", "happy", "house", "learn", "left", "marvin", "nine", "no", "off", "on"),
    *("one", "right", "seven", "sheila", "six", "stop", "three", "tree", "two", "up", "visual"),
    *("wow", "yes", "zero"),
)
ARCHIVE = "speech_commands_v0.02.tar.gz"
# Where the tree may lie below the data root; the second place is that of torchaudio.
PLACES = ("speech_commands_v0.02", "SpeechCommands/speech_commands_v0.02", NAME, ".")

PUBLICATION = Publication(
    record="https://arxiv.org/abs/1804.03209",
    files="https://storage.googleapis.com/download.tensorflow.org/data/{name}",
    folder=PLACES[0],
    archives=(Archive("all", (RemoteFile(ARCHIVE, "6b74f3901214cb2c2934e98196829835"),)),),
    checksums="pytorch/audio, torchaudio/datasets/speechcommands.py of release 0.7",
    standard=("all",),
)


def open_tree(root: Path) -> SpeechCommandsTree:
    folder = root / PLACES[0]
    url = PUBLICATION.files.format(name=ARCHIVE)
    how = (
        f"How to obtain it ({sum(CLIPS.values()):,} clips, 2.4 GB packed):\n"
        f"  seldbench data fetch {NAME} --data-root {quote(str(root))}\n"
        f"or by hand; the archive has no folder of its own:\n"
        f"  mkdir -p {quote(str(folder))} && curl -L {url} | tar -xz -C {quote(str(folder))}\n"
        f"which gives {folder}/{{{','.join(LISTS.values())},{NOISE},{CLASSES[0]},...}}\n"
        f"{stand_in(NAME, root)}"
    )
    found = find_tree(NAME, root, PLACES, tuple(LISTS.values()), how)
    return SpeechCommandsTree(NAME, found, classes=CLASSES, clips=CLIPS, how=how)


DATASET = TagSet(
    open_tree,
    citation=(
        "P. Warden: Speech Commands: a dataset for limited-vocabulary speech recognition."
        " arXiv:1804.03209, 2018"
    ),
    licence="CC BY 4.0",
    class_count=len(CLASSES),
    publication=PUBLICATION,
)
