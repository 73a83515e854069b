"""TAU-NIGENS Spatial Sound Events 2021, the set of DCASE 2021 task 3: one-minute scenes of moving
events among directional interferers that are not annotated, 12 classes, up to three at a time.

Sources: Politis et al. 2021, arXiv:2106.06999; Zenodo record 5476980; split and file names as in
soundata/soundata (soundata/datasets/tau2021sse_nigens.py) and sharathadavanne/seld-dcase2021
(parameter.py).
"""

from seldbench.datasets._publication import zenodo
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
    publication=zenodo(
        5476980,
        "tnsse2021",
        {
            "foa": {
                "foa_dev.z01": "270a94dc5cd183ea6532c5a3f6e9036c",
                "foa_dev.zip": "80648b5f64b1b4a824084560f1334f54",
            },
            "mic": {
                "mic_dev.z01": "536a5ba37b0c39f54044932b75acb774",
                "mic_dev.zip": "a5131297547431160b732a3481626c2d",
            },
            "metadata": {"metadata_dev.zip": "cd8cd8b4dc9a3e3df91ac55c1ccf73b7"},
            "foa_eval": {"foa_eval.zip": "591f8d2b500a671ae34822b4ff1e0889"},
            "mic_eval": {"mic_eval.zip": "3248aef229ab4e0e0603d7c2269f4f97"},
            "metadata_eval": {"metadata_eval.zip": "11c021253c8b55fd74083bd0a35c2ee4"},
        },
        checksums="soundata/soundata, soundata/datasets/tau2021sse_nigens.py",
    ),
    citation=(
        "A. Politis, S. Adavanne, D. Krause, A. Deleforge, P. Srivastava, T. Virtanen: A dataset of"
        " dynamic reverberant sound scenes with directional interferers for sound event"
        " localization and detection. DCASE workshop, 2021"
    ),
    licence="CC BY-NC 4.0 (not for commercial use)",
    stand_in="tnsse2021-sim",
)
