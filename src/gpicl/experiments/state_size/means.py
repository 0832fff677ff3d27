"""The table averaged over seeds, one row per learner and size."""

import pandas as pd

from gpicl.experiments.reproduction import over_seeds


def mean_by_size(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Average over seeds.

    Args:
        table: See `measure`.
        dataset: Which data set.

    Returns:
        One row per learner and size: `learner`, `variation`, `state_size`, `parameters`, `accuracy`, `low`, `high`.
    """
    return over_seeds(table[table["dataset"] == dataset], ["learner", "variation", "state_size", "parameters"])
