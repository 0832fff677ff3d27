"""The comparison: every learner, the same episodes, one table."""

from gpicl.experiments.comparison.compare import compare
from gpicl.experiments.comparison.entrants import ENTRANTS, Entrant, choose_entrants
from gpicl.experiments.comparison.scales import SCALES, Scale

__all__ = ["ENTRANTS", "SCALES", "Entrant", "Scale", "choose_entrants", "compare"]
