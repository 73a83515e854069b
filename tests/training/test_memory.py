"""Freed memory stays with the process."""

import subprocess
import sys

import pytest

TOUCH = """
import resource
import numpy as np
from seldbench.training.memory import keep_freed_memory
if {keep}:
    keep_freed_memory()
np.ones(2**21)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones(2**21)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep):
    code = TOUCH.format(keep=keep)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_blocks_that_are_freed_and_taken_again_cause_no_page_faults():
    # 16 MiB a block: 4,096 small pages, 8 huge ones.
    assert page_faults(keep=True) < 0.1 * page_faults(keep=False)
