"""Reproduction: every figure of the paper as an experiment that runs, resumes, scales out and explains itself."""

from gpicl.experiments.reproduction.experiment import Experiment, Reproducible, find_experiment
from gpicl.experiments.reproduction.finding import (
    Finding,
    Reference,
    clear,
    percent,
    plain,
    points,
    power_of_two,
    times,
)
from gpicl.experiments.reproduction.over_seeds import OVER_SEEDS, Difference, over_seeds
from gpicl.experiments.reproduction.scale import OFF_THE_PLATEAU, Scale, changed, lay_out
from gpicl.experiments.reproduction.settings import SCALES, Settings, find_sources
from gpicl.experiments.reproduction.threshold import THRESHOLD_RULE, Range, Threshold, threshold_at

__all__ = [
    "OFF_THE_PLATEAU",
    "OVER_SEEDS",
    "SCALES",
    "THRESHOLD_RULE",
    "Difference",
    "Experiment",
    "Finding",
    "Range",
    "Reference",
    "Reproducible",
    "Scale",
    "Settings",
    "Threshold",
    "changed",
    "clear",
    "find_experiment",
    "find_sources",
    "lay_out",
    "over_seeds",
    "percent",
    "plain",
    "points",
    "power_of_two",
    "threshold_at",
    "times",
]
