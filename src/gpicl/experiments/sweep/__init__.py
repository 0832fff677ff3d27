"""Sweeps: grids of runs, in sequence or on Ray, each run once."""

from gpicl.experiments.sweep.engine import Engine
from gpicl.experiments.sweep.open_engine import ENGINES, open_engine
from gpicl.experiments.sweep.several_seeds import train_seeds
from gpicl.experiments.sweep.sweep import check_data, is_done, sweep
from gpicl.experiments.sweep.swept_loop import swept_loop
from gpicl.experiments.sweep.swept_run import SweptRun
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
]
