"""Sound event localization and detection (SELD): the scores of DCASE task 3 by year.

Everything is counted once, file by file (`seld_counts`); scores are functions of the sums
(`seld_scores`), for all files or for any replicates of them.

A year's name gives the number of its official code, bugs included; `<name>_fixed` differs in this:

- all years: a reference without predictions counts as missed; officially only the files of the
  predictions are scored, so that leaving bad ones out raises the score. Without any reference the
  error rate is undefined (NaN); officially errors are divided by 2e-16 (2019: by zero).
- all years: a file ends with its last row on either side, or at 60 s until 2021 where that is
  later. Officially rows after 60 s are dropped until 2021; from 2022 on the largest frame number of
  the reference is taken for the number of frames, so that the last reference frame (2024), or one
  that starts a second (2022, 2023), is lost and false alarms after it are free.
- 2022 on: a reference without rows is a file without events; officially an error.
- 2021 to 2023 (and `dcase2024_segments`): a class that both have in one second, but never in the
  same frame, is missed in the reference and a false alarm in the predictions; officially its misses
  are the number of predictions, and there is no false alarm.
- 2020: a frame with several pairs of one class counts with the mean of their angles; officially
  with the sum, which then is compared with 20 degrees.
- 2019: the last frame of every second counts; predictions without any direction have a DOA error of
  180 degrees, officially 0.

What is merely odd stays: in 2021 a pair too far apart costs half an error in F; sources of a class
are told apart by their place in a frame, not by their track; a class that never occurs takes part
in macro averages with F 0 and, until 2023, LE 180; sums softened by 2e-16; one direction a class
and frame in 2019.

The commands of 2022 and 2024, asked for the jackknife, return as point values those of the last
replicate, which depend on the order of the directory. Not reproduced: scores are of all files.
"""

from seldbench.metrics.seld.counts import SeldCounts, seld_counts
from seldbench.metrics.seld.scorers import SCORERS, Scorer
from seldbench.metrics.seld.scores import seld_scores

__all__ = ["SCORERS", "Scorer", "SeldCounts", "seld_counts", "seld_scores"]
