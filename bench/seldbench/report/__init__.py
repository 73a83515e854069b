"""What of a run is published, and the leaderboard, comparisons and pages made of it.

`results` reads score files; `publish` writes a reports' folder (with `shown`, `picture`);
`leaderboard` and `pages` (with `figures`, `timeline`) are made of that folder alone. `compare` puts
results beside what was published (`beside`) and runs beside each other (`paired`, `comparable`).
"""
