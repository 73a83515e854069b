"""STARSS23, the development set of DCASE 2023 and 2024 task 3: STARSS22 with five more rooms,
scenes up to 9 min, and the distance of every source. Track numbers are those of actors.

Sources: Shimada et al. 2023, arXiv:2306.09126; Zenodo record 7880637 (README.md).
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
    # The MD5 of foa_dev.zip is of a script in a project of others (ObjectStateSELD,
    # scripts/download_p1_official_20260807.sh), whose seven other MD5s that can be compared are
    # those of soundata/soundata and HXI-Labs/attune.
    publication=zenodo(
        7880637,
        "starss23",
        {
            "foa": {"foa_dev.zip": "316b834ee6393c22862c314cc3c7ebb0"},
            "mic": {"mic_dev.zip": "06967bcc8def1580c2425fabc311dbd2"},
            "metadata": {"metadata_dev.zip": "e73af95a6d5f3f7e009ac6a70804f44a"},
        },
        checksums="HXI-Labs/attune, data/manifests/starss23-scene-raster.provenance.json (mic_dev,"
        " metadata_dev); ObjectStateSELD, scripts/download_p1_official_20260807.sh (foa_dev)",
        by_hand={"synthetic": SYNTHETIC_BY_HAND},
    ),
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
