"""AudioSet: clips of 10 s from YouTube with some of 527 labels.

Sources: Gemmeke et al. 2017 (ICASSP); index files as YuanGongND/ast reads them (egs/audioset). The
audio is not published: a person collects it, and more of it vanishes every year. Counts are those
of the published segment lists, so every collection is partial, and says so. Classes are display
names (see `_audioset_tree`).
"""

from pathlib import Path

from seldbench.datasets._audioset_tree import INDICES, LABELS, AudioSetTree
from seldbench.datasets._tag_set import TagSet, find_tree, stand_in

NAME = "audioset"
# Lines of balanced_train_segments.csv, unbalanced_train_segments.csv and eval_segments.csv.
CLIPS = {"train/balanced": 22_160, "train/unbalanced": 2_041_789, "test": 20_371}
PLACES = ("audioset", "AudioSet", ".")
MARKS = (LABELS, *INDICES.values(), *(f"datafiles/{name}" for name in INDICES.values()))


def open_tree(root: Path) -> AudioSetTree:
    folder = root / PLACES[0]
    how = (
        "How to obtain it (seldbench downloads nothing from YouTube itself):\n"
        "  lists of segments and labels: https://research.google.com/audioset/download.html\n"
        "  audio, clip by clip from YouTube (needs ffmpeg): with a downloader of your choice\n"
        f"  {LABELS}: https://github.com/YuanGongND/ast, egs/audioset/data\n"
        f"Then write {', '.join(INDICES.values())} beside it, in {folder}:\n"
        '  {"data": [{"wav": "audio/--4gqARaEJE_0.000.flac", "labels": "/m/068hy,/m/0bt9lr"}]}\n'
        "where a path is absolute or below the folder of the index. AST's balanced numbers use"
        f" PSLA's enhanced labels (YuanGongND/psla).\n{stand_in(NAME, root)}"
    )
    found = find_tree(NAME, root, PLACES, MARKS, how)
    return AudioSetTree(NAME, found, clips=CLIPS, how=how)


DATASET = TagSet(
    open_tree,
    citation=(
        "J. F. Gemmeke, D. P. W. Ellis, D. Freedman, A. Jansen, W. Lawrence, R. C. Moore,"
        " M. Plakal, M. Ritter: Audio Set: an ontology and human-labeled dataset for audio events."
        " ICASSP, 2017"
    ),
    licence="labels CC BY 4.0; the recordings are their uploaders' (YouTube)",
    class_count=527,
)
