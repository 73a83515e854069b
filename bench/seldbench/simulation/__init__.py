"""Simulated data sets, laid out like the real ones.

`desed.simulate_desed` makes `desed-sim`. From plan to sound: `statistics` (what is known of DESED)
-> `occurrence` (which classes meet) -> `planning`, `placing` (what happens when) -> `rendering`
(sources from a `bank`, in `rooms`, through `devices`) -> `building`, `tables` (files).
"""

from seldbench.simulation.desed import make_clip, simulate_desed

__all__ = ["make_clip", "simulate_desed"]
