"""STARSS22, the development set of DCASE 2022 task 3: acted scenes recorded in 11 rooms of two
sites, 30 s to 5 min, 13 classes. Track numbers are those of actors (0: no actor), not of events.

Sources: Politis et al. 2022, arXiv:2206.01948; Zenodo record 6387880.
"""

from seldbench.datasets._publication import zenodo
from seldbench.datasets._seld_set import SeldSet
from seldbench.datasets._seld_tree import Split
from seldbench.datasets._starss import (
    CLASSES,
    COMPANIONS,
    HELD_OUT,
    HELD_OUT_CLIPS,
    SYNTHETIC_BY_HAND,
    SYNTHETIC_CLIPS,
    SYNTHETIC_FOLDS,
    SYNTHETIC_REMARK,
)

DATASET = SeldSet(
    name="starss22",
    classes=CLASSES,
    splits={
        "train/real": Split(67 - HELD_OUT_CLIPS, folds=(3,), without=HELD_OUT),
        "train/synthetic": Split(SYNTHETIC_CLIPS, SYNTHETIC_FOLDS, overlap=None, optional=True),
        "valid": Split(HELD_OUT_CLIPS, folds=(3,), rooms=HELD_OUT),
        "test": Split(54, folds=(4,)),
    },
    dialect="polar",
    unique_tracks=False,
    places=("starss22", "STARSS22", "."),
    publication=zenodo(
        6387880,
        "starss22",
        {
            "foa": {"foa_dev.zip": "165dd033b262dc11a8853635c1def59b"},
            "mic": {"mic_dev.zip": "46b55d0be507afa986cd29120e42b188"},
            "metadata": {"metadata_dev.zip": "b460e17e0848c49f03f238afb89fa87e"},
        },
        checksums="soundata/soundata, soundata/datasets/starss2022.py",
        by_hand={"synthetic": SYNTHETIC_BY_HAND},
    ),
    citation=(
        "A. Politis, K. Shimada, P. Sudarsanam, S. Adavanne, D. Krause, Y. Koyama, N. Takahashi,"
        " S. Takahashi, Y. Mitsufuji, T. Virtanen: STARSS22: a dataset of spatial recordings of"
        " real scenes with spatiotemporal annotations of sound events. DCASE workshop, 2022"
    ),
    licence="MIT",
    companions=COMPANIONS,
    remark=SYNTHETIC_REMARK,
)
