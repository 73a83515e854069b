"""What all of `mixtures` counts in. Lengths in samples of 16 kHz."""

import numpy as np

Array = np.ndarray
Rng = np.random.Generator

RATE = 16_000  # hertz
SAMPLES = 65_792  # of a clip: 256 hops of 256 and one more, so that 256 frames of 512 fit
SIZE = 67_500  # of a Fourier transform: a clip, silence for what rings on, and a fast length
SOUND = 343.0  # metres a second
SPLITS = ("train", "valid", "test")
GROUPS = {"train": "train", "valid": "validation", "test": "test"}  # of dry sounds, by split
