"""Meta-training and meta-testing a run in its folder, as in `gpicl train` and `gpicl evaluate`."""

from gpicl.runs.meta_test_run import meta_test_run, tested_rows
from gpicl.runs.planning import load_test_set
from gpicl.runs.train_and_test import train_and_test

__all__ = ["load_test_set", "meta_test_run", "tested_rows", "train_and_test"]
