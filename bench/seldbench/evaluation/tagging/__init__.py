"""Labels of clips: files to scores."""
