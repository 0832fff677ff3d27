"""The transition from memorisation to learning to learn (paper, figure 4)."""

from gpicl.experiments.transition.experiment import EXPERIMENT
from gpicl.experiments.transition.findings import find
from gpicl.experiments.transition.grid import grid
from gpicl.experiments.transition.improvement import bimodality, phases

__all__ = ["EXPERIMENT", "bimodality", "find", "grid", "phases"]
