"""Words as the formant synthesiser says them: two to four phones each, roughly those of English.

Vowels are those of `voices.VOWELS`, by letter; formants of the other voiced sounds and frequencies
of hisses are textbook values, rounded; lengths are our design.
"""

import numpy as np

from seldbench.simulation.signals import Array, Rng
from seldbench.simulation.voices import VOWELS, Speaker, eased, gliding

# i bead, I bid, E bed, A bad, a bod, O bawd, U good, u food, V bud: in the order of VOWELS.
_VOWELS = dict(zip("iIEAaOUuV", VOWELS))
_SONORANTS = {
    "m": (250, 1000, 2200),
    "n": (250, 1700, 2600),
    "l": (360, 1100, 2700),
    "r": (330, 1060, 1500),
    "w": (290, 610, 2150),
    "y": (260, 2070, 3020),
}
# (frequency, level) of a hiss, and of the burst after a silence.
_FRICATIVES = {"s": (6000, 0.9), "S": (3200, 0.9), "f": (4700, 0.4), "h": (1700, 0.35)}
_PLOSIVES = {"p": (1200, 0.6), "t": (4200, 1.0), "k": (2300, 0.9)}
# Seconds a phone lasts at one syllable a second.
_LENGTHS = {"vowel": 0.75, "sonorant": 0.35, "fricative": 0.5, "plosive": 0.3}
_LAST = 3500.0  # hertz of the fourth formant, as of every voice

WORDS = {
    "backward": "pAkU",
    "bed": "pEt",
    "bird": "pUrt",
    "cat": "kAt",
    "dog": "tak",
    "down": "taUn",
    "eight": "It",
    "five": "faIf",
    "follow": "falO",
    "forward": "fOwt",
    "four": "fOr",
    "go": "kOU",
    "happy": "hApi",
    "house": "haUs",
    "learn": "lUrn",
    "left": "lEft",
    "marvin": "marf",
    "nine": "naIn",
    "no": "nOU",
    "off": "Of",
    "on": "an",
    "one": "wVn",
    "right": "raIt",
    "seven": "sEfn",
    "sheila": "SilV",
    "six": "sIks",
    "stop": "stap",
    "three": "fri",
    "tree": "tri",
    "two": "tu",
    "up": "Vp",
    "visual": "fISu",
    "wow": "waU",
    "yes": "yEs",
    "zero": "sIrO",
}


def say(word: str, speaker: Speaker, longest: float, rng: Rng) -> Array:
    """A word, (samples,), as this speaker says it this time; at most so many seconds."""
    spans = [_LENGTHS[_kind(p)] / speaker.pace * rng.uniform(0.75, 1.3) for p in WORDS[word]]
    spans = [span * min(1.0, longest / sum(spans)) for span in spans]
    length = speaker.at.samples(sum(spans))
    count = speaker.at.frames(length)
    edges = np.round(np.cumsum([0.0, *spans]) / sum(spans) * count).astype(int)
    return speaker.utter(length, _articulation(word, speaker, edges, rng), rng)


def _articulation(
    word: str, speaker: Speaker, edges: Array, rng: Rng
) -> tuple[Array, Array, Array, Array]:
    """As `Speaker.utter` takes it. edges: frames where phones begin, and the end."""
    phones, count = WORDS[word], int(edges[-1])
    voiced, hiss, sibilance = np.zeros(count), np.zeros(count), np.full(count, 4500.0)
    targets = np.zeros((count, 3))
    for k, phone in enumerate(phones):
        span = slice(edges[k], edges[k + 1])
        targets[span] = _formants(phones, k) * rng.normal(1.0, 0.03, 3)
        kind = _kind(phone)
        if kind in ("vowel", "sonorant"):
            voiced[span] = 1.0 if kind == "vowel" else 0.4
        else:
            frequency, level = {**_FRICATIVES, **_PLOSIVES}[phone]
            burst = slice(max(edges[k + 1] - 4, edges[k]), edges[k + 1])
            hiss[span if kind == "fricative" else burst] = level * rng.uniform(0.7, 1.3)
            sibilance[span] = frequency * speaker.tract * rng.uniform(0.92, 1.08)
    fourth = np.full(count, _LAST)
    formants = np.stack([*map(gliding, targets.T), fourth], axis=1) * speaker.tract
    return eased(voiced), hiss, formants, sibilance


def _formants(phones: str, place: int) -> Array:
    """A voiced phone's own; under a consonant without voice those of the nearest voiced phone."""
    order = sorted(range(len(phones)), key=lambda k: (abs(k - place), -k))
    voiced = {**_VOWELS, **_SONORANTS}
    return np.array(next(voiced[phones[k]] for k in order if phones[k] in voiced), dtype=float)


def _kind(phone: str) -> str:
    if phone in _VOWELS:
        return "vowel"
    if phone in _SONORANTS:
        return "sonorant"
    return "fricative" if phone in _FRICATIVES else "plosive"
