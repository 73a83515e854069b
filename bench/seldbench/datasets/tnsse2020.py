"""TAU-NIGENS Spatial Sound Events 2020, the set of DCASE 2020 task 3: one-minute scenes, 14
classes, up to two events at a time, no interferers.

Sources: Politis et al. 2020 (DCASE workshop), arXiv:2006.01919; Zenodo record 4064792; split of
sharathadavanne/seld-dcase2020 (README.md); file names of soundata/soundata
(soundata/datasets/indexes/tau2020sse_nigens_index.json): `fold1_room1_mix026_ov2`.
"""

from seldbench.datasets._seld_set import SeldSet
from seldbench.datasets._seld_tree import Split

DATASET = SeldSet(
    name="tnsse2020",
    classes=(
        "alarm",
        "crying baby",
        "crash",
        "barking dog",
        "running engine",
        "female scream",
        "female speech",
        "burning fire",
        "footsteps",
        "knocking on door",
        "male scream",
        "male speech",
        "ringing phone",
        "piano",
    ),
    splits={
        "train": Split(400, folds=(3, 4, 5, 6), overlap=True),
        "valid": Split(100, folds=(2,), overlap=True),
        "test": Split(100, folds=(1,), overlap=True),
        "test/evaluation": Split(200, area="eval", optional=True),
    },
    dialect="polar",
    unique_tracks=True,
    places=("tnsse2020", "TAU-NIGENS_SSE_2020", "."),
    record="https://zenodo.org/records/4064792",
    citation=(
        "A. Politis, S. Adavanne, T. Virtanen: A dataset of reverberant spatial sound scenes with"
        " moving sources for sound event localization and detection. DCASE workshop, 2020"
    ),
    licence="CC BY-NC 4.0 (not for commercial use)",
)
