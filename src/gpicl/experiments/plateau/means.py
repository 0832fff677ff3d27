"""Lengths over seeds."""

import pandas as pd


def mean_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Take the median over seeds, and the range.

    WHY not a mean with its interval: a plateau that never ended has no length to average.

    Args:
        table: See `measure`.

    Returns:
        One row per `axis`, `value` and `loss`: `plateau` (median), `shortest`, `longest`, `ended` (of all seeds).
    """
    grouped = table.groupby(["axis", "value", "loss"], sort=False)
    return grouped.agg(
        plateau=("plateau", "median"), shortest=("plateau", "min"), longest=("plateau", "max"), ended=("ended", "all")
    ).reset_index()
