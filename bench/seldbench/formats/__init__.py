"""Output formats, one a file: what a head's output means (`FORMAT`)."""
