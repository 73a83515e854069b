"""What all of `spatial` counts in: samples at 24 kHz, label frames, parts of a response."""

import numpy as np

Array = np.ndarray
Numbers = np.ndarray | float  # many or one
Rng = np.random.Generator

RATE = 24_000  # hertz, of the published SELD sets
SOUND = 343.0  # metres a second
BLOCK = RATE // 10  # samples of a label frame
EARLY = round(0.080 * RATE)  # samples of a response that depend on where the source is
FADE = round(0.010 * RATE)  # samples over which the late part takes over, the last of the early
LAYOUTS = {"foa": slice(0, 4), "mic": slice(4, 8)}  # channels of a wave
CHANNELS = 8
