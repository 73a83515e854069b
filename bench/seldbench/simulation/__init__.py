"""Simulated data sets, laid out like the real ones.

`desed.simulate_desed` makes `desed-sim`. From plan to sound: `statistics` (what is known of DESED)
-> `occurrence` (which classes meet) -> `planning`, `placing` (what happens when) -> `rendering`
(sources from a `bank`, in `rooms`, through `devices`) -> `building`, `tables` (files).

`scenes` makes `tnsse2021-sim` and `starss23-sim` of sounds from `dry`, heard in the rooms of
`spatial`; `tagging` makes `esc50-sim`, `speech_commands_v2-sim` and `audioset-sim`; `mixtures`
makes `mix75-sim` of sounds from `families`. All sets share `sets` (a set's folder), `processes` and
`seeds`.
"""

from seldbench.simulation.desed import make_clip, simulate_desed

__all__ = ["make_clip", "simulate_desed"]
