"""The tables of a report."""

import pandas as pd

from gpicl.metatesting import reference_name, reference_table

_SETTINGS = ("image", "features", "length", "seed", "episodes")


def accuracy_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Select the last position of every test, that is of every data set, kind of task and setting.

    Args:
        results: Table from `evaluate`.
    """
    keys = ["dataset", "tasks", *(name for name in _SETTINGS if name in results)]
    last = results.groupby(keys, sort=False, dropna=False)["position"].transform("max")
    return results[results["position"] == last].reset_index(drop=True)


def settings_that_differ(results: pd.DataFrame) -> list[str]:
    """List the settings with more than one value for the same data set and kind of task.

    Args:
        results: Table from `evaluate`.
    """
    of_each = results.groupby(["dataset", "tasks"], sort=False)
    return [name for name in _SETTINGS if name in results and (of_each[name].nunique(dropna=False) > 1).any()]


def reference_rows(datasets: list[str]) -> pd.DataFrame:
    """Pivot the reference results: a row per learner, a column per data set.

    Args:
        datasets: Data sets of a run's meta-test; their columns come first.
    """
    table = reference_table().pivot_table(
        index=["source", "learner"], columns="dataset", values="accuracy", sort=False, dropna=False
    )
    tested = [reference_name(name) for name in datasets]
    first = [d for d in table.columns if d in tested]
    return table[first + [d for d in table.columns if d not in tested]].dropna(how="all").reset_index()
