"""The plateau: how long the loss stays at that of guessing (paper, section 4)."""

from gpicl.experiments.plateau.experiment import EXPERIMENT
from gpicl.experiments.plateau.findings import find
from gpicl.experiments.plateau.grid import grid
from gpicl.experiments.plateau.length import plateau_of

__all__ = ["EXPERIMENT", "find", "grid", "plateau_of"]
