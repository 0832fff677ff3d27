"""Reproduction: every figure of the paper as an experiment that runs, resumes, scales out and explains itself."""

from gpicl.experiments.reproduction.experiment import Experiment
from gpicl.experiments.reproduction.finding import Finding
from gpicl.experiments.reproduction.over_seeds import over_seeds
from gpicl.experiments.reproduction.settings import SCALES, Settings

__all__ = ["SCALES", "Experiment", "Finding", "Settings", "over_seeds"]
