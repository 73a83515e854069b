"""One system from recipe to scores: stages put together, their graph, and the run of them."""
