"""A plug-in: its folders hold what it adds, each file named after the thing."""
