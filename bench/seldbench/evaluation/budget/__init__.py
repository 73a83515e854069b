"""Error budgets and conditions, as tables."""
