"""Many plain decimals at once: texts of comma separated numbers, one row a line.

scipy reads Matrix Market files with a parser that is as fast as it is exact (correctly rounded), so
rows are handed to it as one column of numbers. It passes over whatever follows a number, so what is
not a plain decimal is found before: cells are [-]digits[.digits][e[+-]digits], nothing else.
"""

import io

import numpy as np
from scipy.io import mmread

Array = np.ndarray
# What a byte other than a digit is. NEGATIVE opens a cell; SIGN is that of an exponent.
SEPARATOR, NEGATIVE, POINT, EXPONENT, SIGN, OTHER = range(6)
KIND = np.full(256, OTHER, dtype=np.uint8)
KIND[[*b",\n"]] = SEPARATOR
KIND[[*b"-"]], KIND[[*b"+"]], KIND[[*b"."]], KIND[[*b"eE"]] = NEGATIVE, SIGN, POINT, EXPONENT
# Which may follow which, with digits or nothing between: (kind, kind).
FOLLOWS = np.zeros((8, 8), dtype=bool)
FOLLOWS[SEPARATOR, [SEPARATOR, NEGATIVE, POINT, EXPONENT]] = True
FOLLOWS[NEGATIVE, [SEPARATOR, POINT, EXPONENT]] = True
FOLLOWS[POINT, [SEPARATOR, EXPONENT]] = True
FOLLOWS[EXPONENT, [SEPARATOR, SIGN]] = True
FOLLOWS[SIGN, SEPARATOR] = True


def decimals(text: bytes, columns: int) -> Array | None:
    """(lines, columns) of a text that ends in a line end; None where a line has another number of
    cells, or a cell is no plain decimal or beyond the range of float64."""
    cells = _cells(np.frombuffer(text, dtype=np.uint8), columns)
    if cells is None:
        return None
    header = b"%%%%MatrixMarket matrix array real general\n%d 1\n" % cells
    try:
        values = mmread(io.BytesIO(header + text.replace(b",", b"\n")))
    except (ValueError, OverflowError):
        return None
    return np.asarray(values).reshape(-1, columns)


def _cells(content: Array, columns: int) -> int | None:
    """How many cells there are; None where they are not of the form or not in full rows."""
    marks = np.flatnonzero(content - np.uint8(ord("0")) > 9)  # all but digits: below 0 wraps
    kind = KIND[content[marks]]
    exponents = np.flatnonzero(kind == EXPONENT)
    if len(exponents):
        kind[exponents[kind[exponents + 1] == NEGATIVE] + 1] = SIGN
    pairs = kind[:-1] << 3 | kind[1:]
    if kind[0] not in (SEPARATOR, NEGATIVE, POINT, EXPONENT) or not FOLLOWS.ravel()[pairs].all():
        return None
    signs = np.flatnonzero(kind == NEGATIVE)
    opens = content[marks[signs[signs > 0]] - 1]
    inside = len(signs) and signs[0] == 0 and marks[0] != 0
    signed = exponents[kind[exponents + 1] == SIGN]
    last = np.where(kind[exponents + 1] == SIGN, exponents + 1, exponents)
    if (
        inside
        or (KIND[opens] != SEPARATOR).any()
        or (marks[signed + 1] != marks[signed] + 1).any()
        or (marks[last + 1] == marks[last] + 1).any()
    ):
        return None
    separators = content[marks[kind == SEPARATOR]]
    if len(separators) % columns:
        return None
    ends = separators.reshape(-1, columns) == ord("\n")
    whole = ends[:, -1].all() and not ends[:, :-1].any()
    return len(separators) if whole else None
