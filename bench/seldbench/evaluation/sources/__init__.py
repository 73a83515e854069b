"""Sources of mixtures: files to scores."""
