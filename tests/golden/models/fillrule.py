# ruff: noqa
# fmt: off
"""A reproducible way to fill a network's tensors, so that two implementations of one architecture can be
compared without weight files. numpy only. Every value depends on the tensor's name, its shape and a salt.

    values(name, shape, salt)      uniform numbers in [-1, 1), float64
    tensor(name, shape, salt)      what the parameter or buffer of that name is filled with
    summary(label, array)          a small fingerprint of an output

Names are the state_dict names of the ORIGINAL implementation: a re-implementation with other names fills its
tensors through its key map (its own name -> original name), after any reshape or concatenation it makes.
Filled are: every trainable parameter, and running_mean / running_var of batch norms. Left as constructed: all
else (num_batches_tracked, STFT and mel constants, sinusoidal position tables).
"""
import zlib

import numpy as np

_M = (1 << 64) - 1


def values(name, shape, salt=""):
    n = int(np.prod(shape)) if len(shape) else 1
    seed = zlib.crc32((salt + name).encode())
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64((seed * 0xD1342543DE82EF95) & _M)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) / 2.0 ** 23 - 1.0).reshape(shape)


def tensor(name, shape, salt=""):
    v, last, shape = values(name, shape, salt), name.rsplit(".", 1)[-1], tuple(shape)
    if last == "running_var":
        return 1.0 + 0.5 * v
    if last == "running_mean":
        return 0.1 * v
    if len(shape) <= 1:
        return 1.0 + 0.2 * v if last == "weight" else 0.1 * v
    if shape[0] == 1 and len(shape) == 3:        # class tokens, position embeddings
        return 0.1 * v
    out = shape[0] * shape[1] if len(shape) == 5 else shape[0]      # 5-D: (basis kernels, out, in, k, k)
    fan_in = int(np.prod(shape)) // out
    gain = 1.0
    for part, g in GAINS:
        if part in name:
            gain = g
    return gain * np.sqrt((6.0 if len(shape) >= 4 else 3.0) / fan_in) * v


# matrices that at unit gain would hardly move the outputs: the attention over classes (DESED, FDY, FilterAug) and the
# kernel attention, whose logits are divided by 31 (FDY)
GAINS = (("dense_softmax.weight", 6.0), ("attention.conv1d2.weight", 62.0))


def summary(label, x, salt=""):
    x = np.asarray(x, dtype=np.float64)
    i = (np.arange(16) * x.size) // 16
    return {"shape": list(x.shape), "mean": float(x.mean()), "std": float(x.std()), "min": float(x.min()),
            "max": float(x.max()), "l2": float(np.sqrt((x * x).sum())),
            "probe": float((x * values("probe:" + label, x.shape, salt)).sum()),
            "at_16ths": [float(v) for v in x.reshape(-1)[i]]}
