"""Memory of a training on a CPU: what is freed is kept for the next step.

glibc gives every large block back to the system when it is freed and takes a new one, page by page,
in the next operation. A CRNN's step frees and takes gigabytes: keeping them saves a fifth to a third
of its time (tests/benchmarks/bench_channels_last.py --keep-memory).
"""

import ctypes
import sys

# Numbers of glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """For the rest of this process; False where the C library has no such setting (macOS, musl).

    The process stays as large as its largest moment was. Call it before the first large tensor.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1), (TOP_PAD, 2**28))
    return all([mallopt(key, value) == 1 for key, value in settings])
