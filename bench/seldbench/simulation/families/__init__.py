"""The 75 procedural classes of `mix75-sim`: 15 families of sounds, five regimes of each.

`regimes`: what tells a family's five classes apart; `pieces` -> `tones`, `voiced`, `noises`,
`struck`: how a family sounds -> `sounds`: the classes by name. Mono, 16 kHz, at most 4.112 s. A
sound of a group (train, validation, test) has its leading parameter in that group's stripes
(`simulation.bank.character`).

Source: families, five regimes in two parameters and gaps of 10 % are those of seldbench's
specification, E.6; ranges and syntheses are our design. It wants a linear classifier on mean and
variance of 40 log-mel bands to be right on 85 to 98 % of the test group: with 250 training sounds a
class, softmax regression is right on 96 %, linear discriminants on 90 % (60 test sounds a class).
"""

from seldbench.simulation.families.sounds import CLASSES, SMALL, sound

__all__ = ["CLASSES", "SMALL", "sound"]
