"""Systems compared on the same clips."""
