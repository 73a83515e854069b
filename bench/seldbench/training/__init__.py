"""The one training loop, its steps, data and checkpoints."""
