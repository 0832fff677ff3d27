"""The tables of a report."""

import pandas as pd

from gpicl.metatesting import reference_table


def accuracy_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Pick the last position of every data set and kind of task.

    Args:
        results: Table of `evaluate`.
    """
    return results[results["position"] == results["position"].max()].reset_index(drop=True)


def reference_rows(datasets: list[str]) -> pd.DataFrame:
    """Pivot the reference results: a row per learner, a column per data set.

    Args:
        datasets: The data sets that a run was meta-tested on. All columns are kept; those tested come first.
    """
    table = reference_table().pivot_table(
        index=["source", "learner"], columns="dataset", values="accuracy", sort=False, dropna=False
    )
    first = [d for d in table.columns if d in datasets]
    return table[first + [d for d in table.columns if d not in datasets]].dropna(how="all").reset_index()
