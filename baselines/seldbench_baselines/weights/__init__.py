"""Weights that others released, for parts of networks to start from; one a file."""
