"""Metrics of sound event detection: pure functions over numpy columns, without torch or pandas."""
