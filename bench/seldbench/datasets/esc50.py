"""ESC-50: 2000 environmental sounds of 5 s, 50 classes, five folds.

Sources: Piczak 2015 (ACM Multimedia), karolpiczak/ESC-50. Takes cut from one recording share a
fold. There is no validation split: what is chosen on a test fold is chosen on test data.
"""

from pathlib import Path
from shlex import quote

from seldbench.datasets._esc50_tree import AUDIO, TABLE, Esc50Tree
from seldbench.datasets._publication import Archive, Publication, RemoteFile
from seldbench.datasets._tag_set import TagSet, find_tree, stand_in

NAME = "esc50"
CLIPS = 2000
# By target, 0 to 49.
CLASSES = (
    *("dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow"),
    *("rain", "sea_waves", "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind"),
    *("pouring_water", "toilet_flush", "thunderstorm", "crying_baby", "sneezing", "clapping"),
    *("breathing", "coughing", "footsteps", "laughing", "brushing_teeth", "snoring"),
    *("drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing"),
    *("door_wood_creaks", "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm"),
    *("clock_tick", "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine"),
    *("train", "church_bells", "airplane", "fireworks", "hand_saw"),
)
# Where the tree may lie below the data root, in the order in which it is looked for.
PLACES = ("ESC-50-master", "esc50/ESC-50-master", "ESC-50", "esc50", ".")

# An archive that GitHub makes of a branch: nothing promises that its bytes stay the same, so the
# checksum can end being right without any change of the set.
PUBLICATION = Publication(
    record="https://github.com/karolpiczak/ESC-50",
    files="https://github.com/karolpiczak/ESC-50/archive/{name}",
    folder="esc50",
    archives=(Archive("all", (RemoteFile("master.zip", "7771e4b9d86d0945acce719c7a59305a"),)),),
    checksums="soundata/soundata, soundata/datasets/esc50.py; GitHub may pack the archive anew",
    standard=("all",),
)


def open_tree(root: Path) -> Esc50Tree:
    how = (
        "How to obtain it (2000 clips, 0.6 GB):\n"
        f"  seldbench data fetch {NAME} --data-root {quote(str(root))}\n"
        f"or unpack {PUBLICATION.record}/archive/master.zip in {root}, which gives\n"
        f"  {root / PLACES[0]}/{{{TABLE},{AUDIO}/1-100032-A-0.wav}}\n{stand_in(NAME, root)}"
    )
    folder = find_tree(NAME, root, PLACES, (TABLE,), how)
    return Esc50Tree(NAME, folder, classes=CLASSES, clips=CLIPS, how=how)


DATASET = TagSet(
    open_tree,
    citation=(
        "K. J. Piczak: ESC: dataset for environmental sound classification. ACM Multimedia, 2015"
    ),
    licence="CC BY-NC 3.0 (the recordings are their uploaders', Freesound)",
    class_count=len(CLASSES),
    publication=PUBLICATION,
)
