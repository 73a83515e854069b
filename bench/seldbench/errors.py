"""Errors that a user can mend. A message names what was given, the rule it broke and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches


class SeldbenchError(Exception):
    """The base of all; the command line prints the message alone and exits with 1."""


class UnknownName(SeldbenchError):
    """A name that no plug-in, recipe or data set knows."""


class BadFile(SeldbenchError):
    """A file that breaks a rule of its format."""


class BadRecipe(SeldbenchError):
    """A recipe or table that breaks a rule."""


class BadRun(SeldbenchError):
    """A run folder that is incomplete, foreign or of another version."""


class MissingData(SeldbenchError):
    """Data that is not where it was looked for."""


class MissingPackage(SeldbenchError):
    """A package that an extra of seldbench installs, and that is absent or cannot be used."""


class WriteFailed(SeldbenchError):
    """A file that could not be written (disk full, no permission); nothing half written is left."""


def near(name: str, known: Iterable[str]) -> str:
    """' (near: a, b)' for the known names closest to `name`, or '' where none is close."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" (near: {', '.join(close)})" if close else ""
