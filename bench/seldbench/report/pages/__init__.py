"""Pages: a run, two runs, a data set, a paper, and the leaderboard over all."""
