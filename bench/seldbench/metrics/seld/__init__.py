"""Sound event localization and detection (SELD): the scores of DCASE task 3 by year.

Everything counted is counted once, file by file (`seld_counts`); scores are functions of the sums
(`seld_scores`), for all files or for any replicates of them.
"""

from seldbench.metrics.seld.counts import SeldCounts, seld_counts
from seldbench.metrics.seld.scorers import SCORERS, Scorer
from seldbench.metrics.seld.scores import seld_scores

__all__ = ["SCORERS", "Scorer", "SeldCounts", "seld_counts", "seld_scores"]
