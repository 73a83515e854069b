"""PSDS and the intersection criteria: at operating points, and exactly over all thresholds."""
