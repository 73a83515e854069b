"""Error budgets: what became of every true and every predicted event or direction."""
