"""What of a run is published, and the leaderboard, comparisons and pages made of it.

`publish` and `pair` write data into a reports folder; its pages are made of that folder alone
(`pages.rendering`), anew where something changed. `compare` puts results beside what was published
and runs beside each other. The rooms stand on each other in this order: `results`, `clips`,
`tables`, `figures`, `pages`.
"""
