"""Scores of events with times: matching with collars, segments, best thresholds."""
