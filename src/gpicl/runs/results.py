"""The results table of a run: which tests are done, missing or out of date."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

from gpicl.data import Contents
from gpicl.errors import CheckpointError, ConfigError
from gpicl.files import write_atomically
from gpicl.metatraining import TestingConfig
from gpicl.tasks import EPISODES_VERSION, TaskKind

RESULTS_FILE = "results.csv"
"""File name of the table, in a run's folder."""
PLACE = ["dataset", "tasks", "length", "image", "features", "seed"]
"""Columns that identify the test of a row, with `episodes`. Tests that differ in one of them have separate rows."""


_NUMBERS = ("length", "features", "seed", "episodes", "position", "accuracy", "low", "high", "loss")
_TEXTS = ("dataset", "tasks", "image", "key", "data", "weights", "options")


class MetaTest(NamedTuple):
    """One data set, one kind of task, and every setting that affects the outcome.

    Attributes:
        dataset: Name of the data set in the table.
        tasks: Kind of task.
        length: Examples T per episode.
        image: See `Contents`.
        features: Number F of features of the projected inputs.
        seed: Seed of the tasks.
        episodes: Number of episodes.
        key: Hash of everything else that affects the outcome: weights, the learner's source, the content of the data.
    """

    dataset: str
    tasks: TaskKind
    length: int
    image: str
    features: int
    seed: int
    episodes: int
    key: str

    @property
    def file_name(self) -> str:
        """Unique file name for this test."""
        digest = hashlib.sha256(json.dumps(list(self)).encode()).hexdigest()[:12]
        return f"{self.tasks}-{digest}.npz"

    def rows(self, results: pd.DataFrame) -> pd.DataFrame:
        """Select the rows of exactly this test."""
        if results.empty:
            return results
        chosen = pd.Series(True, index=results.index)
        for name in (*PLACE, "episodes", "key"):
            chosen &= results[name] == getattr(self, name)
        return results[chosen]

    def lacking(self, results: pd.DataFrame, positions: Sequence[int]) -> list[int]:
        """List the positions that are missing from the results."""
        rows = self.rows(results)
        return sorted(set(positions) - set(rows["position"])) if len(rows) else sorted(positions)


def test_key(weights: str, source: str | None, contents: Contents, **settings: Any) -> str:
    """Hash everything that affects a test's outcome and has no column in the table.

    Args:
        weights: Hash of the weights.
        source: Hash of the learner's source; None if it has none.
        contents: Data that the episodes are drawn from.
        settings: Other settings that matter, as JSON values.
    """
    if EPISODES_VERSION > 1:  # the keys of the first version do not have it
        settings["episodes"] = EPISODES_VERSION
    decisive = [weights, source, contents.digest, sorted(settings.items())]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:12]


def read_results(path: Path) -> pd.DataFrame:
    """Read a table of results.

    Returns:
        The table. It is empty if the file does not exist, or if an old version wrote it without the columns that
        identify its tests.

    Raises:
        CheckpointError: If the file is not a table of results, or has text where numbers should be.
    """
    if not path.exists():
        return pd.DataFrame()
    try:
        # Only empty cells are missing: a data set may be called NA or null.
        results = pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CheckpointError(f"Cannot read {path}: {error}. Delete the file to run its tests again.") from error
    if not {"dataset", "position", "accuracy"} <= set(results.columns):
        raise CheckpointError(f"{path} is not a table of gpicl's results. Choose another folder, or move the file.")
    if not {*PLACE, "key", "weights"} <= set(results.columns):
        return pd.DataFrame()
    wrong = [name for name in _NUMBERS if name in results and not is_numeric_dtype(results[name])]
    if wrong:
        raise CheckpointError(f"{path} has text in the column {wrong[0]}. Delete the file to run its tests again.")
    return results


def write_results(path: Path, results: pd.DataFrame) -> None:
    """Write a table of results as CSV, atomically."""
    write_atomically(path, partial(results.to_csv, index=False))


def add_rows(results: pd.DataFrame, test: MetaTest, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the rows of a test, sorted by position, and remove out-of-date rows with the same `PLACE`.

    Rows of the same test with another number of episodes stay, so that two commands do not undo each other.

    Args:
        results: The table so far.
        test: The test that the rows are of.
        rows: New rows, at the positions that were missing.
    """
    rows = rows.assign(key=test.key)
    if results.empty:
        return rows.reset_index(drop=True)
    kept = test.rows(results)
    in_place = pd.Series(True, index=results.index)
    for name in PLACE:
        in_place &= results[name] == getattr(test, name)
    own = pd.concat([kept, rows]).drop_duplicates("position", keep="last").sort_values("position")
    others = (results["key"] == test.key) & (results["episodes"] != test.episodes)
    return pd.concat([results[~in_place | others], own], ignore_index=True)


def rows_of(results: pd.DataFrame, tests: Iterable[MetaTest], positions: Sequence[int] | None = None) -> pd.DataFrame:
    """Select the rows of some tests, in the order of the tests.

    Args:
        results: The whole table.
        tests: Tests to select.
        positions: Positions to select; None for all.
    """
    parts = [test.rows(results) for test in tests]
    found = pd.concat(parts, ignore_index=True) if parts else results
    return (
        found if positions is None or found.empty else found[found["position"].isin(positions)].reset_index(drop=True)
    )


def check_same_weights(results: pd.DataFrame, weights: str, options: str, path: Path) -> None:
    """Check that a table has results of these weights only.

    Args:
        results: The table so far.
        weights: First digits of the hash of the weights to test.
        options: See `options_digest`. Rows of earlier versions have none.
        path: File of the table, for the error message.

    Raises:
        CheckpointError: If a row is incomplete.
        ConfigError: If the table has results of other weights, or of another learner with the same tensors.
    """
    if results.empty:
        return
    if results[["weights", "key"]].isna().any(axis=None):
        raise CheckpointError(f"{path} has an incomplete row. Delete the file to run its tests again.")
    noted = set(results["options"].dropna()) if "options" in results else set()
    if set(results["weights"]) != {weights} or not noted <= {options}:
        raise ConfigError(
            f"{path} has results of other weights, or of a learner with other options. Choose another folder with "
            "--output, or delete the file."
        )


def options_digest(card: Mapping[str, Any]) -> str:
    """Hash the learner and its options, which can change what it predicts with the same weights.

    Args:
        card: Card of the weights.
    """
    return hashlib.sha256(json.dumps([card["learner"], card["options"]], sort_keys=True).encode()).hexdigest()[:8]


def check_testing(testing: TestingConfig, labels: Sequence[str]) -> None:
    """Check that there is something to test, and that every data set has its own name.

    Args:
        testing: The requested tests.
        labels: Names of the data sets in the table.

    Raises:
        ConfigError: If there is nothing to test, or two data sets have the same name.
    """
    if not testing.datasets or not testing.tasks:
        what = "data set" if not testing.datasets else "kind of tasks"
        raise ConfigError(
            f"There is nothing to meta-test: no {what} is given. Give at least one, as in mnist_5k,digits and "
            "unseen,identity. To train without testing, use gpicl train --test false."
        )
    for label in labels:
        named = {name for name, own in zip(testing.datasets, labels, strict=True) if own == label}
        if len(named) > 1:
            raise ConfigError(
                f"Two data sets are called {label}: {', '.join(sorted(named))}. Give each its own name, as in "
                "NAME=PATH."
            )
