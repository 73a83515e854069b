"""What of a run is published, and the leaderboard, comparisons and pages made of it.

`results` reads score files; `publish` writes a reports' folder (with `shown`, `picture`);
`leaderboard`, `compare` and `pages` (with `figures`, `timeline`) are made of that folder alone.
"""
