"""Outcomes of single episodes, saved so that two learners can be compared episode by episode."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from jaxtyping import Bool

from gpicl.errors import CheckpointError, TaskError
from gpicl.files import write_atomically
from gpicl.metatesting.intervals import paired_interval

_SAME = ("dataset", "tasks", "length", "seed", "data")
"""Two tests have the same episodes if they agree in these; the shorter one has the first ones of the longer one."""
_SAME_TOO = ("trained_tasks", "classes", "version")
"""So must these: what defines the seen tasks, the number of classes, and the version of the episodes. Files of earlier
versions lack them."""


def save_outcomes(path: Path, right: Bool[np.ndarray, "E P"], positions: list[int], **test: Any) -> None:
    """Save the outcomes of one test.

    Args:
        path: File to write, `.npz`.
        right: Whether each episode's prediction at each position was right.
        positions: The positions, counted from 1.
        test: Description of the test, numbers and texts: `dataset`, `tasks`, `length`, `seed`, `data`, `episodes`,
            `trained_tasks` (a hash of what defines the seen tasks; empty for others), `classes`, `version`
            (`EPISODES_VERSION`) and others.
    """

    def write(part: Path) -> None:
        with part.open("wb") as file:
            arrays: dict[str, Any] = {name: np.array(value) for name, value in test.items()}
            np.savez_compressed(file, right=right, positions=positions, **arrays)

    write_atomically(path, write)


def load_outcomes(folder: Path | str) -> pd.DataFrame:
    """Read all outcomes in a folder.

    Args:
        folder: Holds files of `save_outcomes`, such as `outcomes` in a run's folder.

    Returns:
        One row per test and position: the description of the test, `position`, and `right`, an array with one boolean
        per episode.

    Raises:
        CheckpointError: If a file cannot be read, or the folder has no outcomes.
    """
    rows = [row for path in sorted(Path(folder).glob("*.npz")) for row in _read(path)]
    if not rows:
        raise CheckpointError(f"There are no outcomes in {folder}. Create them with gpicl evaluate --outcomes true.")
    return pd.DataFrame(rows)


def _read(path: Path) -> list[dict[str, Any]]:
    with _opened(path) as archive:
        columns = zip(archive["positions"].tolist(), archive["right"].T, strict=True)
        test = _description(archive)
        if missing := [name for name in (*_SAME, "episodes") if name not in test]:
            raise KeyError(f"it lacks {', '.join(missing)}")
        return [{**test, "position": position, "right": right} for position, right in columns]


def describe_outcomes(path: Path) -> dict[str, Any]:
    """Read the description of the test in a file of outcomes.

    Args:
        path: A file of `save_outcomes`.

    Raises:
        CheckpointError: If the file cannot be read.
    """
    with _opened(path) as archive:
        return _description(archive)


def _description(archive: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: archive[name].item() for name in archive if name not in ("right", "positions")}


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError) as error:
        raise CheckpointError(f"Cannot read the outcomes {path}: {error}. Delete the file and test again.") from error


def saved_positions(path: Path) -> set[int]:
    """List the positions in a file of outcomes.

    Args:
        path: A file of `save_outcomes`.

    Returns:
        The positions; none if the file does not exist.

    Raises:
        CheckpointError: If the file cannot be read.
    """
    return {int(row["position"]) for row in _read(path)} if path.exists() else set()


def paired_differences(first: Path | str, second: Path | str) -> pd.DataFrame:
    """Compare two learners on the episodes that both have predicted.

    Both see the same examples, so the difficulty of an episode cancels out, and the interval of the difference is
    narrower than the intervals of the two accuracies suggest. If one has predicted more episodes, only as many of its
    first ones count.

    Args:
        first: Folder with the outcomes of one learner; see `load_outcomes`.
        second: Folder with the outcomes of the other learner.

    Returns:
        One row per data set, kind of tasks, length, seed and position: `first` and `second`, their accuracies,
        `difference` (first minus second), `low` and `high` (95 % interval by Agresti and Min, 2005, for these weights
        and images), and `episodes`.

    Raises:
        CheckpointError: If a folder has no outcomes.
        TaskError: If the two have no test in common, or a folder has more than one file for the same test.
    """
    keys, tables = [*_SAME, "position"], [_longest(load_outcomes(folder)) for folder in (first, second)]
    keys += [name for name in _SAME_TOO if all(name in table for table in tables)]
    if any(table.duplicated(keys).any() for table in tables) and all("features" in table for table in tables):
        keys.append("features")
    for folder, table in zip((first, second), tables, strict=True):
        for _, row in table[table.duplicated(keys)].iterrows():
            raise TaskError(
                f"{folder} has more than one file of outcomes of {row['tasks']} tasks of {row['dataset']} with the "
                "same episodes. Keep one of them, or test again with another --output."
            )
    pairs = tables[0].merge(tables[1], on=keys, suffixes=("_first", "_second"))
    if pairs.empty:
        raise TaskError(
            f"{first} and {second} have no test in common. Test both on the same data sets, with the same length and "
            "seed; seen tasks are the same only for learners that were meta-trained on the same tasks."
        )
    rows = []
    for pair in pairs.to_dict("records"):
        common = min(len(pair["right_first"]), len(pair["right_second"]))
        one, other = pair["right_first"][:common], pair["right_second"][:common]
        better, worse, episodes = int((one & ~other).sum()), int((other & ~one).sum()), len(one)
        low, high = paired_interval(better, worse, episodes)
        rows.append(
            {
                **{name: pair[name] for name in keys if name not in _SAME_TOO},
                "first": one.mean(),
                "second": other.mean(),
                "difference": (better - worse) / episodes,
                "low": low,
                "high": high,
                "episodes": common,
            }
        )
    return pd.DataFrame(rows)


def _longest(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the test with the most episodes of those that differ in nothing else."""
    told = [name for name in (*_SAME, *_SAME_TOO, "position", "features", "key") if name in table]
    return table.sort_values("episodes", kind="stable").drop_duplicates(told, keep="last").sort_index()
