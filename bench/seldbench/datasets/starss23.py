"""STARSS23, the development set of DCASE 2023 and 2024 task 3: STARSS22 with five more rooms,
scenes up to 9 min, and the distance of every source. Track numbers are those of actors.

Sources: Shimada et al. 2023, arXiv:2306.09126; Zenodo record 7880637 (README.md).
"""

from seldbench.datasets._seld_set import SeldSet
from seldbench.datasets._seld_tree import Split
from seldbench.datasets._starss import (
    CLASSES,
    COMPANIONS,
    HELD_OUT,
    HELD_OUT_CLIPS,
    SYNTHETIC_CLIPS,
    SYNTHETIC_FOLDS,
    SYNTHETIC_REMARK,
)

DATASET = SeldSet(
    name="starss23",
    classes=CLASSES,
    splits={
        "train/real": Split(90 - HELD_OUT_CLIPS, folds=(3,), without=HELD_OUT),
        "train/synthetic": Split(SYNTHETIC_CLIPS, SYNTHETIC_FOLDS, overlap=None, optional=True),
        "valid": Split(HELD_OUT_CLIPS, folds=(3,), rooms=HELD_OUT),
        "test": Split(78, folds=(4,)),
    },
    dialect="polar_distance_cm",
    unique_tracks=False,
    places=("starss23", "STARSS23", "."),
    record="https://zenodo.org/records/7880637",
    citation=(
        "K. Shimada, A. Politis, P. Sudarsanam, D. Krause, K. Uchida, S. Adavanne, A. Hakala,"
        " Y. Koyama, N. Takahashi, S. Takahashi, T. Virtanen, Y. Mitsufuji: STARSS23: an"
        " audio-visual dataset of spatial recordings of real scenes with spatiotemporal annotations"
        " of sound events. NeurIPS, 2023"
    ),
    licence="MIT",
    companions=COMPANIONS,
    remark=SYNTHETIC_REMARK,
    stand_in="starss23-sim",
)
