"""Experiments: grids of runs, and what is made of them."""

from gpicl.experiments.meta_test_run import load_test_set, meta_test_run
from gpicl.experiments.train_and_test import train_and_test

__all__ = ["load_test_set", "meta_test_run", "train_and_test"]
