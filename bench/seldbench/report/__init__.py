"""Static pages from a reports folder alone; they need no network."""

from seldbench.report.pages import render

__all__ = ["render"]
