"""What STARSS22 and STARSS23 share: classes, the rooms that select, the companion set.

Sources: README.md of Zenodo records 6387880 and 7880637; file lists of soundata/soundata
(soundata/datasets/indexes/starss2022_index.json).
"""

CLASSES = (
    "female speech",
    "male speech",
    "clapping",
    "telephone",
    "laughter",
    "domestic sounds",
    "walk, footsteps",
    "door, open or close",
    "music",
    "musical instrument",
    "water tap, faucet",
    "bell",
    "knock",
)

# The rooms of fold 3 that select, the same in both sets; with other rooms every score that was
# selected by them ends. The official baselines select on the test rooms; these two rooms, one of
# each site (Sony's numbers are 21 and above, Tampere's below), are 17 clips: 6 of room 7 and 11 of
# room 22. By the metadata of STARSS22 the rooms left for training still have all 13 classes, which
# holding out room 4 (water tap), 6 (musical instrument) or 21 (bell) would end; these two have all
# but musical instrument and bell.
HELD_OUT = (7, 22)
HELD_OUT_CLIPS = 17

# Where the synthetic mixtures of the baselines may lie (Zenodo record 6406873, folds 1 and 2; the
# archive's own folders are foa, mic and metadata), with their columns: no distance.
COMPANIONS = {"DCASE2022_SELD_synth_data": "polar", "dcase2022-synthetic": "polar"}
SYNTHETIC_FOLDS = (1, 2)
SYNTHETIC_CLIPS = 1200
SYNTHETIC_REMARK = (
    "train/synthetic (optional): https://zenodo.org/records/6406873, by hand, unpacked so that foa,"
    " mic and metadata lie in DCASE2022_SELD_synth_data in the data root"
)
SYNTHETIC_BY_HAND = f"no source names checksums of it, so it is not fetched. {SYNTHETIC_REMARK}"
