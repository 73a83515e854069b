"""The classes of spatial scenes: their names, how long their sounds last and how loud they are.

Lengths of the TAU-NIGENS classes: seldbench's specification, E.6; the others' are our design.
"""

from seldbench.simulation.signals import Rng, Signals

RATE = 24_000  # hertz of all dry sounds
AT = Signals(RATE)

# TAU-NIGENS Spatial Sound Events 2021, in the order of its indices.
TNSSE = (
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
)
# STARSS22 and STARSS23, in the order of their indices.
STARSS = (
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
# What sounds without a label.
INTERFERERS = ("engine", "fire", "general")

# Seconds, from and to.
LENGTHS = {
    "alarm": (2.0, 15.0),
    "crying baby": (3.0, 15.0),
    "crash": (0.5, 4.0),
    "barking dog": (1.0, 8.0),
    "female scream": (1.0, 3.0),
    "female speech": (2.0, 15.0),
    "footsteps": (3.0, 15.0),
    "knocking on door": (0.5, 2.0),
    "male scream": (1.0, 3.0),
    "male speech": (2.0, 15.0),
    "ringing phone": (2.0, 15.0),
    "piano": (3.0, 20.0),
    "clapping": (1.0, 8.0),
    "telephone": (2.0, 15.0),
    "laughter": (1.0, 6.0),
    "domestic sounds": (4.0, 20.0),
    "walk, footsteps": (3.0, 15.0),
    "door, open or close": (0.6, 3.0),
    "music": (5.0, 20.0),
    "musical instrument": (2.0, 12.0),
    "water tap, faucet": (2.0, 12.0),
    "bell": (0.8, 6.0),
    "knock": (0.5, 2.0),
    "engine": (5.0, 20.0),
    "fire": (5.0, 20.0),
    "general": (1.0, 10.0),
}

# Level of the sounding part (root mean square over active frames) at 1 m, dB re speech. Our design:
# the order is that of everyday levels (speech 60, scream and alarm 85, footsteps 45 dB), the
# differences are halved, so that a quiet label is seldom inaudible below a loud one.
LEVELS = {
    "alarm": 8.0,
    "crying baby": 9.0,
    "crash": 9.0,
    "barking dog": 9.0,
    "female scream": 12.0,
    "female speech": 0.0,
    "footsteps": -6.0,
    "knocking on door": 3.0,
    "male scream": 12.0,
    "male speech": 0.0,
    "ringing phone": 4.0,
    "piano": 5.0,
    "clapping": 4.0,
    "telephone": 4.0,
    "laughter": 3.0,
    "domestic sounds": 1.0,
    "walk, footsteps": -6.0,
    "door, open or close": 2.0,
    "music": 3.0,
    "musical instrument": 4.0,
    "water tap, faucet": -2.0,
    "bell": 5.0,
    "knock": 3.0,
    "engine": 4.0,
    "fire": -2.0,
    "general": 0.0,
}
SPREAD = 4.0  # dB, either way


def level_db(label: str, rng: Rng) -> float:
    """The level of one sound of a class or an interferer at 1 m: dB re speech, root mean square
    over its active frames; uniform within 4 dB of the class's."""
    return LEVELS[label] + float(rng.uniform(-SPREAD, SPREAD))
