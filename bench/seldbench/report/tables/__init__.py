"""Tables of scores, measured and published: what `compare` prints, and what it writes."""
