"""TAU-NIGENS Spatial Sound Events 2020, the set of DCASE 2020 task 3: one-minute scenes, 14
classes, up to two events at a time, no interferers.

Sources: Politis et al. 2020 (DCASE workshop), arXiv:2006.01919; Zenodo record 4064792; split of
sharathadavanne/seld-dcase2020 (README.md); file names of soundata/soundata
(soundata/datasets/indexes/tau2020sse_nigens_index.json): `fold1_room1_mix026_ov2`.
"""

from seldbench.datasets._publication import zenodo
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
    publication=zenodo(
        4064792,
        "tnsse2020",
        {
            "foa": {
                "foa_dev.z01": "86acab46854a57f5ba3e5b80a19c01b5",
                "foa_dev.z02": "363c8c159be003271c05a71a57b2ced4",
                "foa_dev.zip": "6aad48e7346884b3929245e7553fd97d",
            },
            "mic": {
                "mic_dev.z01": "3a2b0986d2a302498cd874d584d17689",
                "mic_dev.z02": "92f715cb74406d5556bce0fdf27f54e4",
                "mic_dev.zip": "9174daca52f393425120308ab5c14477",
            },
            "metadata": {"metadata_dev.zip": "979f5551e987ed247404b80a2f1c3db1"},
            "foa_eval": {"foa_eval.zip": "24c6ce2441df242d4e3b61e9bb27d0d7"},
            "mic_eval": {"mic_eval.zip": "bca79b5f71b46e4cb191c54a611348a4"},
            "metadata_eval": {"metadata_eval.zip": "f3584166d9a63b43c1e301b6fb722293"},
        },
        checksums="soundata/soundata, soundata/datasets/tau2020sse_nigens.py",
    ),
    citation=(
        "A. Politis, S. Adavanne, T. Virtanen: A dataset of reverberant spatial sound scenes with"
        " moving sources for sound event localization and detection. DCASE workshop, 2020"
    ),
    licence="CC BY-NC 4.0 (not for commercial use)",
)
