"""Results: score files, what is published of a run, the leaderboard."""
