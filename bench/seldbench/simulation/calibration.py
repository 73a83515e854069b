"""What decides how hard and how large a simulated data set is; everything else is fixed by physics
or by the statistics of DESED. A change here, or anywhere in this folder, that changes the audio or
the labels raises GENERATOR.

Levels are dB of integrated loudness (ITU-R BS.1770) relative to the clip's background.
"""

GENERATOR = 2  # version of the generator; part of every manifest
RATE = 16_000  # hertz of all simulated audio

# Recordings (weak, unlabelled, real, test): spec of the mixture. Harder: lower, wider.
RECORDING_SNR = (-5.0, 30.0)  # a source, uniform
RECORDING_SPREAD = 2.0  # standard deviation between the events of one source
RECORDING_BACKGROUND = (-56.0, -42.0)  # loudness of the background, LKFS

# Soundscapes (synthetic train and validation).
SOUNDSCAPE_SNR = (6.0, 30.0)  # an event, uniform
SOUNDSCAPE_BACKGROUND = -50.0  # LKFS
SOUNDSCAPE_SEMITONES = 3.0  # pitch shift of an event, uniform in +- this

# Confusers: sounds that no label mentions. Harder: more, louder.
CONFUSER_CHANCE = {"recording": 0.75, "soundscape": 0.5}  # of a clip to have any
CONFUSER_MEAN = 2.0  # in a clip that has any: 1 + Poisson(mean - 1)
CONFUSER_SNR = (-5.0, 25.0)  # uniform

LABEL_JITTER = 0.04  # seconds, standard deviation of an annotator's onset and offset; recordings

# Sources ("a speaker", "an appliance") a class in each group; groups share none.
POOL = {"train": 48, "validation": 24, "test": 32}

# Clips a split: weak, unlabelled, real-strong, synthetic, synthetic validation, test.
SIZES = {
    "tiny": (24, 48, 24, 48, 16, 24),
    "small": (158, 1441, 347, 1000, 250, 240),
    "full": (1578, 14412, 3470, 10000, 2500, 1168),
}
