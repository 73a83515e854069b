"""Sound events: files to scores."""
