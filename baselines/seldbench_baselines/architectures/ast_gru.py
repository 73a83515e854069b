"""AST-GRU: AST's patches and first 10 blocks, the mean over frequency rows, a GRU.

The baseline of AST-SED, of which it is the network with a plain mean and no finer label frames.
Source: Li et al. 2023, arXiv:2303.03689, section 2.1.
"""

from functools import partial

from seldbench.contracts import Architecture
from seldbench_baselines.architectures.ast_sed import ASTSED, rows

ARCHITECTURE = Architecture(
    build=partial(ASTSED, pool="mean", up=1),
    source="Li et al. 2023, arXiv:2303.03689; encoder: YuanGongND/ast, arXiv:2104.01778",
    notes="89.7 million parameters with 10 classes. GRU, clip pooling and the norm after block 10"
    " as in ast_sed.",
    probes={"rows": rows},
)
