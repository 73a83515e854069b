"""Many decimals at once: exactly what `float` says, or nothing."""

import random

import numpy as np
import pytest

from seldbench.annotations._decimals import decimals

CELLS = ["0", "-1", "12", "007", "-180", "0.5", "-0.25", ".5", "5.", "-.5", "1e3", "1e-5", "-2E+7"]
EXACT = [
    "9007199254740993",
    "2.2250738585072011e-308",
    "4.9e-324",
    "0.1000000000000000055511151231",
]
ODD = ["", "-", ".", "-.", "e5", "-e5", ".e5", "1e", "1e-", "1e+", "--1", "1-2", "1.2.3", "1e5.5"]
ODD += ["1e-5.5", "1e5e5", "1e5-", "1 ", " 1", "+1", "nan", "inf", "0x1", "1_0", "a", "1;2", "\t1"]


@pytest.mark.parametrize("cell", CELLS + EXACT)
def test_a_plain_decimal_is_what_float_says(cell):
    for place in range(3):
        row = ["1", "-2.5", "3e-1"]
        row[place] = cell
        values = decimals(f"{','.join(row)}\n7,8,9\n".encode(), 3)
        assert values.tolist() == [[float(c) for c in row], [7, 8, 9]]


@pytest.mark.parametrize("cell", ODD)
def test_what_is_no_plain_decimal_is_left_to_others(cell):
    for place in range(3):
        row = ["1", "-2.5", "3e-1"]
        row[place] = cell
        assert decimals(f"7,8,9\n{','.join(row)}\n7,8,9\n".encode(), 3) is None


@pytest.mark.parametrize(
    "text", ["1,2\n3\n", "1,2\n\n3,4\n", "1\n2,3,4\n", "1,2,3\n4\n", "1,2,3\n"]
)
def test_rows_of_other_lengths_are_left_to_others(text):
    assert decimals(text.encode(), 2) is None


def test_any_text_is_read_as_float_reads_it_or_not_at_all():
    # given cells of the letters that numbers are made of, most of them no number
    rng = random.Random(11)
    read = 0
    for _ in range(3000):
        cells = ["".join(rng.choices("0123456789.-+eE", k=rng.randrange(1, 6))) for _ in range(2)]
        values = decimals(f"{cells[0]},{cells[1]}\n".encode(), 2)
        if values is not None and np.isfinite(values).all():
            assert values.tolist() == [[float(cell) for cell in cells]]
            read += 1
    assert read > 100
