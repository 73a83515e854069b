"""What of a run is published, and the leaderboard, comparisons and pages made of it.

`results` reads score files; `publish` writes a reports' folder (with `shown`, `picture`);
`leaderboard` and `pages` are made of that folder alone: a page a run (`run_page`), and over all of
them `index` with `board`, `dataset_page` and `paper_page`, anew where something changed (`cache`).
`compare` puts results beside what was published (`beside`) and runs beside each other (`paired`,
`comparable`).
"""
