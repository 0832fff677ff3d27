"""Reproduction: every figure of the paper as an experiment that runs, resumes, scales out and explains itself."""

from gpicl.experiments.reproduction.experiment import Experiment, Reproducible, find_experiment
from gpicl.experiments.reproduction.over_seeds import over_seeds
from gpicl.experiments.reproduction.page import Finding
from gpicl.experiments.reproduction.scale import Scale, changed, lay_out
from gpicl.experiments.reproduction.settings import SCALES, Settings, find_sources

__all__ = [
    "SCALES",
    "Experiment",
    "Finding",
    "Reproducible",
    "Scale",
    "Settings",
    "changed",
    "find_experiment",
    "find_sources",
    "lay_out",
    "over_seeds",
]
