"""The 75 procedural classes of `mix75-sim`: 15 families of sounds, five regimes of each.

`pieces` -> `tones`, `voiced`, `noises`, `struck`: how a family sounds -> `regimes`: what tells its five classes
apart -> `sounds`: the classes by name. Mono, 16 kHz, at most 4.112 s. A sound of a group (train,
validation, test) has its leading parameter in that group's stripes (`simulation.bank.character`).

Source: the list of families, regimes and gaps is that of seldbench's specification, E.6; ranges and
syntheses are our design. A linear classifier (softmax regression on mean and variance of 40 log-mel
bands, 250 training sounds a class) is right on 96 % of the test group's sounds, as the specification
asks (85 to 98 %); linear discriminants are right on 90 %.
"""

from seldbench.simulation.families.sounds import CLASSES, SMALL, sound

__all__ = ["CLASSES", "SMALL", "sound"]
