"""TAU-NIGENS Spatial Sound Events 2021, the set of DCASE 2021 task 3: one-minute scenes of moving
events among directional interferers that are not annotated, 12 classes, up to three at a time.

Sources: Politis et al. 2021, arXiv:2106.06999; Zenodo record 5476980; split and file names as in
soundata/soundata (soundata/datasets/tau2021sse_nigens.py) and sharathadavanne/seld-dcase2021
(parameter.py).
"""

from seldbench.datasets._seld_set import SeldSet
from seldbench.datasets._seld_tree import Split

ROOMS = (1, 2)  # of each fold; another number is another data set's

DATASET = SeldSet(
    name="tnsse2021",
    classes=(
        "alarm",
        "crying baby",
        "crash",
        "barking dog",
        "female scream",
        "female speech",
        "footsteps",
        "knocking on door",
        "male scream",
        "male speech",
        "ringing phone",
        "piano",
    ),
    splits={
        "train": Split(400, folds=(1, 2, 3, 4), rooms=ROOMS),
        "valid": Split(100, folds=(5,), rooms=ROOMS),
        "test": Split(100, folds=(6,), rooms=ROOMS),
        "test/evaluation": Split(200, area="eval", optional=True),
    },
    dialect="polar",
    unique_tracks=True,
    places=("tnsse2021", "TAU-NIGENS_SSE_2021", "."),
    record="https://zenodo.org/records/5476980",
    citation=(
        "A. Politis, S. Adavanne, D. Krause, A. Deleforge, P. Srivastava, T. Virtanen: A dataset of"
        " dynamic reverberant sound scenes with directional interferers for sound event"
        " localization and detection. DCASE workshop, 2021"
    ),
    licence="CC BY-NC 4.0 (not for commercial use)",
    stand_in="tnsse2021-sim",
)
