"""Weights that others released, one release a file (`IMPORT`)."""
