"""The comparison: every learner, the same episodes, one table."""

from gpicl.experiments.comparison.compare import compare
from gpicl.experiments.comparison.entries import ENTRIES, Entry, choose_entries
from gpicl.experiments.comparison.scales import SCALES, Scale

__all__ = ["ENTRIES", "SCALES", "Entry", "Scale", "choose_entries", "compare"]
