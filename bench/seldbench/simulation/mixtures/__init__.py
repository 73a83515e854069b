"""Mixtures of sounds from eight directions, heard by eight microphones on a circle: `mix75-sim`.

`sounds` (dry ones, by formula of `families` or recorded), `noise` -> `options` (how large, what
kind), `placing`, `balance`, `planning` (what is mixed how) -> `table`, `files`, `building`,
`simulating` (a set on disk) -> `responses`, `rendering` (what the microphones hear, when it is
read).
"""
