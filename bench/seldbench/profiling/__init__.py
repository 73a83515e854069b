"""`seldbench profile`: what systems cost to answer, and what published score files lack of that."""

from seldbench.profiling.published import Timing, add_costs
from seldbench.profiling.systems import Profile, class_count, profiles

__all__ = ["Profile", "Timing", "add_costs", "class_count", "profiles"]
