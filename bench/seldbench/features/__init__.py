"""Front ends, one a file: waves -> spectrum -> features, batched torch modules (`FEATURES`)."""
