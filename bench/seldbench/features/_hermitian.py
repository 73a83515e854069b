"""Many Hermitian 4 x 4 matrices at once, in real arithmetic: is the first eigenvalue far above the
others, and where does its eigenvector point?

A general eigensolver takes matrices of this size one by one, some microseconds each. Here every
step is one operation on all of them, and the eigenvector comes by squaring: of R / trace R = P,
P^8 has eigenvalues that are apart by the eighth power of the ratio of P's.
"""

from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

SIZE = 4
PAIRS = tuple(combinations(range(SIZE), 2))


class Hermitian(NamedTuple):
    """The diagonal, and real and imaginary parts above it in the order of PAIRS; all of one
    shape."""

    diagonal: tuple[Tensor, ...]
    real: tuple[Tensor, ...]
    imag: tuple[Tensor, ...]

    def entry(self, i: int, j: int) -> tuple[Tensor, Tensor, float]:
        """Of i != j: the real part, the imaginary part of the entry above the diagonal, its sign
        here."""
        at = PAIRS.index((min(i, j), max(i, j)))
        return self.real[at], self.imag[at], 1.0 if i < j else -1.0


def covariance(real: Tensor, imag: Tensor, power: Tensor) -> Hermitian:
    """Mean of x x^H over seven successive frames, over its trace; 0 of silence.

    Args:
        real, imag, power: parts and squared magnitude of x, (batch, 4, frames, bins).

    Returns:
        (batch, frames - 6, bins).
    """
    batch, _, frames, bins = real.shape
    products = real.new_empty(SIZE * SIZE, batch, frames, bins)
    products[:SIZE] = power.transpose(0, 1)
    for at, (i, j) in enumerate(PAIRS, start=SIZE):  # x_i conj(x_j)
        cosine, sine = products[at], products[at + len(PAIRS)]
        torch.mul(real[:, i], real[:, j], out=cosine).addcmul_(imag[:, i], imag[:, j])
        torch.mul(imag[:, i], real[:, j], out=sine).addcmul_(real[:, i], imag[:, j], value=-1.0)
    sums = _sums_of_seven(products)
    trace = sums[:SIZE].sum(0).clamp_min_(torch.finfo(sums.dtype).tiny)
    parts = sums.mul_(trace.reciprocal_()).unbind()
    return Hermitian(parts[:SIZE], parts[SIZE : SIZE + len(PAIRS)], parts[SIZE + len(PAIRS) :])


def _sums_of_seven(values: Tensor) -> Tensor:
    """(..., frames, bins) -> (..., frames - 6, bins)."""
    two = values[..., :-1, :] + values[..., 1:, :]
    four = two[..., :-2, :] + two[..., 2:, :]
    return (four[..., :-3, :] + two[..., 4:-1, :]).add_(values[..., 6:, :])


def principal(matrix: Hermitian) -> tuple[list[Tensor], list[Tensor]]:
    """The first eigenvector's elements 1, 2, 3 times the conjugate of its element 0.

    Args:
        matrix: the eighth power of one whose first eigenvalue is well above the others.

    Returns:
        real and imaginary parts, scaled by anything positive.
    """
    # The first column of the sixteenth power, near the projection on the eigenvector.
    parts = [_entry_of_square(matrix, i, 0) for i in range(1, SIZE)]
    return [real for real, _ in parts], [imag for _, imag in parts]


def dominated(matrix: Hermitian, eighth: Hermitian, condition: float) -> Tensor:
    """Whether the first eigenvalue, a, is more than `condition` times the second.

    Args:
        matrix: positive semidefinite, of trace 1 (or 0: no).
        eighth: its eighth power.
        condition: at least 3.

    The eighth power over its trace is close to the projection on the first eigenvector: taken from
    the matrix a times, it leaves the other eigenvalues b as b - a (b / a)^8, and they are below
    a / condition where a multiple of the identity less them is positive definite. Where several
    eigenvalues are near the first, some are left too large, and the answer is no.
    """
    trace = torch.stack(eighth.diagonal).sum(0)
    first = trace.pow(1 / 8)  # the others add a millionth at most, at a condition of 5
    level, share = first * (1 / condition - condition**-8), first / trace
    return positive_definite(
        Hermitian(
            tuple(
                torch.addcmul(level, share, by).sub_(own)
                for own, by in zip(matrix.diagonal, eighth.diagonal)
            ),
            tuple((share * by).sub_(own) for own, by in zip(matrix.real, eighth.real)),
            tuple((share * by).sub_(own) for own, by in zip(matrix.imag, eighth.imag)),
        )
    )


def positive_definite(matrix: Hermitian) -> Tensor:
    """Whether all pivots are positive; the matrix is overwritten."""
    diagonal = matrix.diagonal
    real, imag = dict(zip(PAIRS, matrix.real)), dict(zip(PAIRS, matrix.imag))
    positive = diagonal[0] > 0
    for row in range(SIZE - 1):
        inverse = diagonal[row].reciprocal()
        for i in range(row + 1, SIZE):
            re, im = real[row, i] * inverse, imag[row, i] * inverse
            diagonal[i].addcmul_(re, real[row, i], value=-1.0)
            diagonal[i].addcmul_(im, imag[row, i], value=-1.0)
            for j in range(i + 1, SIZE):  # conj(m[row, i]) m[row, j]
                real[i, j].addcmul_(re, real[row, j], value=-1.0)
                real[i, j].addcmul_(im, imag[row, j], value=-1.0)
                imag[i, j].addcmul_(re, imag[row, j], value=-1.0)
                imag[i, j].addcmul_(im, real[row, j])
        positive &= diagonal[row + 1] > 0
    return positive


def square(matrix: Hermitian) -> Hermitian:
    """The matrix times itself."""
    magnitude = [re.square().addcmul_(im, im) for re, im in zip(matrix.real, matrix.imag)]
    diagonal = []
    for i in range(SIZE):
        own = matrix.diagonal[i].square()
        for at, pair in enumerate(PAIRS):
            if i in pair:
                own.add_(magnitude[at])
        diagonal.append(own)
    parts = [_entry_of_square(matrix, i, j) for i, j in PAIRS]
    return Hermitian(tuple(diagonal), tuple(re for re, _ in parts), tuple(im for _, im in parts))


def _entry_of_square(matrix: Hermitian, i: int, j: int) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of the square at i != j."""
    own_real, own_imag, sign = matrix.entry(i, j)
    both = matrix.diagonal[i] + matrix.diagonal[j]
    real, imag = both * own_real, both.mul_(own_imag)
    if sign < 0:
        imag.neg_()
    for k in range(SIZE):
        if k not in (i, j):
            left_real, left_imag, left = matrix.entry(i, k)
            right_real, right_imag, right = matrix.entry(k, j)
            real.addcmul_(left_real, right_real)
            real.addcmul_(left_imag, right_imag, value=-left * right)
            imag.addcmul_(left_real, right_imag, value=right)
            imag.addcmul_(left_imag, right_real, value=left)
    return real, imag
