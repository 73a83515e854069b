"""Which recordings stand for which class: from the labels of a catalogue, or the folders of NIGENS,
to the classes of spatial scenes.

Source of the folders: NIGENS, Trowitzsch et al. 2019, arXiv:1902.08314.
"""

from collections.abc import Sequence

from seldbench.errors import UnknownName, near
from seldbench.simulation.catalogue import Entry
from seldbench.simulation.dry.classes import INTERFERERS, STARSS, TNSSE

_FEMALE = ("speech_female", "femaleSpeech")
_MALE = ("speech_male", "maleSpeech")
_PHONE = ("telephone_ring", "phone")
_STEPS = ("footsteps",)
_KNOCK = ("knock",)

# Class or interferer -> labels that stand for it, beside its own name.
LABELS: dict[str, tuple[str, ...]] = {
    "alarm": ("siren", "alarm_clock", "level_crossing_bell"),
    "crying baby": ("crying_baby", "baby"),
    "crash": ("glass_break",),
    "barking dog": ("dog",),
    "female scream": ("scream_female", "femaleScream"),
    "female speech": _FEMALE,
    "footsteps": _STEPS,
    "knocking on door": _KNOCK,
    "male scream": ("scream_male", "maleScream"),
    "male speech": _MALE,
    "ringing phone": _PHONE,
    "piano": (),
    "clapping": ("hand_clap", "applause"),
    "telephone": _PHONE,
    "laughter": ("laugh",),
    "domestic sounds": ("vacuum_cleaner", "washing_machine"),
    "walk, footsteps": _STEPS,
    "door, open or close": ("door", "creak"),
    "music": (),
    "musical instrument": (
        "piano",
        "guitar",
        "accordion",
        "cello",
        "clarinet",
        "flute",
        "trumpet",
        "violin",
        "xylophone",
        "cymbal",
        "snare_drum",
        "tambourine",
        "cowbell",
    ),
    "water tap, faucet": ("running_water",),
    "bell": ("hand_bell", "doorbell"),
    "knock": _KNOCK,
    "engine": ("car_engine", "airplane", "helicopter", "train"),
    "fire": ("fire_crackle",),
}

# Labels too near to a class to sound unlabelled beside it, and of no class themselves.
NEAR: dict[str, tuple[str, ...]] = {
    "alarm": ("car_horn", "train_horn", "ship_horn", "doorbell"),
    "crash": ("explosion", "gunshot", "sword_clash", "glass_clink"),
    "barking dog": ("wolf_howl", "growl"),
    "female speech": ("speech", "crowd_babble", "crowd_cheer"),
    "male speech": ("speech", "crowd_babble", "crowd_cheer"),
    "footsteps": ("horse_gallop",),
    "knocking on door": ("wood_chop", "metal_hammer"),
    "ringing phone": ("hand_bell", "doorbell"),
    "clapping": ("finger_snap", "crowd_cheer"),
    "telephone": ("alarm_clock",),
    "laughter": ("scream_female", "scream_male"),
    "walk, footsteps": ("horse_gallop",),
    "water tap, faucet": ("splash", "stream", "rain", "toilet_flush"),
    "bell": ("church_bell", "gong", "level_crossing_bell", "alarm_clock"),
    "knock": ("wood_chop", "metal_hammer"),
    "musical instrument": ("gong",),
}


def role(entry: Entry, classes: Sequence[str]) -> str | None:
    """What a file is beside these classes: one of them, "engine", "fire", "general" or None for
    not to be used (a background, or too near to a class)."""
    if entry.role != "event":
        return None
    if entry.tnsse in classes:
        return entry.tnsse
    for kind in (*classes, *INTERFERERS):
        if entry.label == kind or entry.label in LABELS.get(kind, ()):
            return kind
    if any(entry.label in NEAR.get(label, ()) for label in classes):
        return None
    return "general"


def check_tnsse(entry: Entry, where: str) -> None:
    """Raises UnknownName for a `tnsse` that is none of the twelve classes."""
    if entry.tnsse and entry.tnsse not in TNSSE:
        raise UnknownName(
            f"{where}: {entry.tnsse!r} is no class of TAU-NIGENS 2021{near(entry.tnsse, TNSSE)};"
            " leave it empty for other sounds"
        )


def known_labels() -> tuple[str, ...]:
    """All names that a folder of one class may have."""
    every = {*TNSSE, *STARSS, *INTERFERERS}.union(*LABELS.values(), *NEAR.values())
    return tuple(sorted(every))
