"""Figures of scores and costs as SVG, with their files."""
