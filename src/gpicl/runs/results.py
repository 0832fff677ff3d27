"""A run's table of results: what has been tested, what has not, and what is no longer true."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gpicl.data import Contents
from gpicl.errors import CheckpointError, ConfigError
from gpicl.files import write_atomically
from gpicl.metatraining import TestingConfig
from gpicl.tasks import TaskKind

RESULTS_FILE = "results.csv"
"""Name of the file in a run's folder."""
PLACE = ["dataset", "tasks", "length", "image", "features", "seed"]
"""Columns that say which test a row is of. Tests that differ in one of them stand side by side."""


class MetaTest(NamedTuple):
    """One data set, one kind of tasks, and every setting that the outcome depends on.

    Attributes:
        dataset: Its name in the table.
        tasks: Kind of tasks.
        length: Examples T per episode.
        image: See `Contents`.
        features: Features F of the projected inputs.
        seed: Seed of the tasks.
        episodes: Number of episodes.
        key: Hash of all else that decides the outcome: the weights, the learner's source, the content of the data.
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
        """Name of a file that belongs to this test alone."""
        digest = hashlib.sha256(json.dumps(list(self)).encode()).hexdigest()[:12]
        return f"{self.tasks}-{digest}.npz"

    def rows(self, results: pd.DataFrame) -> pd.DataFrame:
        """Pick the rows that this very test has made."""
        if results.empty:
            return results
        chosen = pd.Series(True, index=results.index)
        for name in (*PLACE, "episodes", "key"):
            chosen &= results[name] == getattr(self, name)
        return results[chosen]

    def lacking(self, results: pd.DataFrame, positions: Sequence[int]) -> list[int]:
        """List the positions that the results lack."""
        rows = self.rows(results)
        return sorted(set(positions) - set(rows["position"])) if len(rows) else sorted(positions)


def test_key(weights: str, source: str | None, contents: Contents, **settings: Any) -> str:
    """Hash what decides a test's outcome and has no column of its own.

    Args:
        weights: Hash of the weights.
        source: Hash of the learner's source; None where it has none.
        contents: What the episodes draw from.
        settings: Whatever else matters; JSON values.
    """
    decisive = [weights, source, contents.digest, sorted(settings.items())]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:12]


def read_results(path: Path) -> pd.DataFrame:
    """Read a table of results; an empty one if there is none, or one of a version that did not note what it tested.

    Args:
        path: The file.

    Raises:
        CheckpointError: If the file is no such table.
    """
    if not path.exists():
        return pd.DataFrame()
    try:
        results = pd.read_csv(path, dtype={"image": str, "key": str, "data": str, "dataset": str, "weights": str})
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CheckpointError(f"Cannot read {path}: {error}. Delete it; the tests are then made again.") from error
    return results if {*PLACE, "key", "weights", "position", "accuracy"} <= set(results.columns) else pd.DataFrame()


def write_results(path: Path, results: pd.DataFrame) -> None:
    """Write a table of results.

    Args:
        path: The file.
        results: The table.
    """
    write_atomically(path, partial(results.to_csv, index=False))


def add_rows(results: pd.DataFrame, test: MetaTest, rows: pd.DataFrame) -> pd.DataFrame:
    """Add what a test has made, in the order of positions; what stood in its place and is no longer true goes.

    Args:
        results: The table so far.
        test: The test.
        rows: Its rows at the positions that the table lacked.
    """
    rows = rows.assign(key=test.key)
    if results.empty:
        return rows.reset_index(drop=True)
    kept = test.rows(results)
    in_place = pd.Series(True, index=results.index)
    for name in PLACE:
        in_place &= results[name] == getattr(test, name)
    own = pd.concat([kept, rows]).drop_duplicates("position", keep="last").sort_values("position")
    return pd.concat([results[~in_place], own], ignore_index=True)


def rows_of(results: pd.DataFrame, tests: Iterable[MetaTest], positions: Sequence[int] | None = None) -> pd.DataFrame:
    """Pick the rows of some tests, in their order.

    Args:
        results: The whole table.
        tests: The tests.
        positions: The positions to pick; None for all.
    """
    parts = [test.rows(results) for test in tests]
    found = pd.concat(parts, ignore_index=True) if parts else results
    return (
        found if positions is None or found.empty else found[found["position"].isin(positions)].reset_index(drop=True)
    )


def check_same_weights(results: pd.DataFrame, weights: str, path: Path) -> None:
    """Refuse to mix the results of two learners in one table.

    Args:
        results: The table so far.
        weights: Hash of the weights that are tested.
        path: File of the table, for the message.

    Raises:
        ConfigError: If the table holds results of other weights.
    """
    if not results.empty and set(results["weights"]) != {weights[:16]}:
        raise ConfigError(f"{path} holds results of other weights. Give another folder with --output, or delete it.")


def check_testing(testing: TestingConfig, labels: Sequence[str]) -> None:
    """Refuse tests that could not be told apart in a table, and no tests at all.

    Args:
        testing: What is to be tested.
        labels: Names of the data sets in the table.

    Raises:
        ConfigError: If there is nothing to test, or two data sets have one name.
    """
    if not testing.datasets or not testing.tasks:
        what = "data set" if not testing.datasets else "kind of tasks"
        raise ConfigError(
            f"There is nothing to meta-test: no {what} is named. Name some, as in mnist_5k,digits and unseen,identity; "
            "gpicl train --test false trains without testing."
        )
    for label in labels:
        named = {name for name, own in zip(testing.datasets, labels, strict=True) if own == label}
        if len(named) > 1:
            raise ConfigError(
                f"Two data sets are called {label}: {', '.join(sorted(named))}. Give each a name, as in NAME=PATH."
            )
