"""seldbench: train, predict, score and compare systems for sound event detection (SED) and
sound event localization and detection (SELD) in one protocol."""

__version__ = "0.1.0"
