"""Sweeps: grids of runs, in sequence or on Ray, each run once."""

from gpicl.experiments.sweep.engine import ENGINES, Engine, open_engine
from gpicl.experiments.sweep.several_seeds import train_seeds
from gpicl.experiments.sweep.sweep import SweptRun, check_data, is_done, sweep, swept_loop, unfinished
from gpicl.experiments.sweep.table import Measure, accuracies_at, costs_table, results_table

__all__ = [
    "ENGINES",
    "Engine",
    "Measure",
    "SweptRun",
    "accuracies_at",
    "check_data",
    "costs_table",
    "is_done",
    "open_engine",
    "results_table",
    "sweep",
    "swept_loop",
    "train_seeds",
    "unfinished",
]
