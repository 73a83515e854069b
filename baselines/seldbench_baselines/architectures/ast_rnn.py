"""AST-RNN: the whole AST, the mean over frequency rows, a GRU.

After Xiao's system of DCASE 2022, which AST-SED's Table 1 quotes as an ensemble. Its report was not
at hand: the design is ours and differs from AST-GRU in depth alone, with all 12 blocks and AST's
last norm.
"""

from functools import partial

from seldbench.contracts import Architecture
from seldbench_baselines.architectures.ast_sed import ASTSED, rows

ARCHITECTURE = Architecture(
    build=partial(ASTSED, blocks=12, final_norm=True, out_norm=False, pool="mean", up=1),
    source="quoted by Li et al. 2023, arXiv:2303.03689, Table 1; encoder: YuanGongND/ast",
    notes="The design is ours; only its name and its scores as an ensemble are published.",
    probes={"rows": rows},
)
