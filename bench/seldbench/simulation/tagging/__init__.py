"""Simulated tagging sets in the layouts of the real ones.

`esc50-sim` (sounds of the DESED generators and of the `families`), `speech_commands_v2-sim`
(`words` said by speakers of the formant synthesiser) and `audioset-sim` (several sounds in a clip,
as the DESED scenes have them). `making` is what building a set shares. Results on them compare
systems; they say nothing about the real sets.
"""

from seldbench.simulation.tagging.audioset import AUDIOSET, simulate_audioset
from seldbench.simulation.tagging.esc50 import ESC50, simulate_esc50
from seldbench.simulation.tagging.speech_commands import SPEECH_COMMANDS, simulate_speech_commands

__all__ = [
    "AUDIOSET",
    "ESC50",
    "SPEECH_COMMANDS",
    "simulate_audioset",
    "simulate_esc50",
    "simulate_speech_commands",
]
