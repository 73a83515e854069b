"""From trained networks to predictions: windows, post-processing, files."""
