"""A CSV log that a resumed run continues without gaps or duplicates."""

import csv
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from gpicl.errors import CheckpointError
from gpicl.files import naming_write_errors, write_atomically

COLUMNS = ("step", "seconds", "loss", "accuracy", "unseen_loss", "unseen_accuracy")


class CsvLog(Logger):
    """One row per logged step.

    WHY not Lightning's CSVLogger: it empties the log when a run is resumed, and cannot drop the rows that a killed run
    wrote after its last checkpoint, which the resumed run writes again.

    Args:
        path: CSV file with the columns `COLUMNS`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._row: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Name of the log."""
        return self.path.stem

    @property
    def version(self) -> int:
        """Version of the log; always 0, since a run's folder has one log."""
        return 0

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the run's folder holds its configuration."""

    @rank_zero_only
    def begin(self, step: int) -> None:
        """Keep the rows up to a step and drop those after it.

        Args:
            step: Number of steps in the checkpoint; 0 starts a new log.

        Raises:
            CheckpointError: If the file is damaged.
        """
        kept: list[dict[str, str]] = []
        if step and self.path.exists():
            try:
                with self.path.open(newline="") as file:
                    rows = csv.DictReader(file, restkey="more")
                    # If a kill truncated the last row, that row belongs to a step after the checkpoint.
                    kept = [row for row in rows if None not in row.values() and int(row["step"]) <= step]
                _check_columns(rows.fieldnames or (), any("more" in row for row in kept))
            except (ValueError, KeyError, csv.Error) as error:
                raise CheckpointError(
                    f"The log {self.path} is damaged ({error}). Delete it; the run then resumes with a log that begins "
                    f"at step {step}."
                ) from error
        write_atomically(self.path, lambda part: _write(part, kept))

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add figures to the row of a step, which is written when the next row begins.

        Args:
            metrics: Figures by name; those without a column are ignored.
            step: Number of steps done.
        """
        if self._row.get("step") != step:
            self.flush()
            self._row = {"step": step}
        self._row.update({name: f"{value:.6g}" for name, value in metrics.items() if name in COLUMNS})

    @rank_zero_only
    def flush(self) -> None:
        """Write the pending row. Not named `save`, which Lightning calls after every figure."""
        row, self._row = self._row, {}
        if len(row) > 1:
            with naming_write_errors(self.path), self.path.open("a", newline="") as file:
                csv.DictWriter(file, COLUMNS).writerow(row)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write the pending row."""
        self.flush()


def read_log(path: Path) -> pd.DataFrame:
    """Read the log of a run.

    Args:
        path: A file of `CsvLog`.

    Returns:
        The columns `COLUMNS`, all numbers, NaN where a step has none.

    Raises:
        CheckpointError: If the file is damaged.
    """
    try:
        table = pd.read_csv(path)
        _check_columns(list(table.columns), False)
        return table.astype(float).astype({"step": int})
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise CheckpointError(
            f"The log {path} is damaged ({' '.join(str(error).split())}). Restore or delete the file."
        ) from error


def _check_columns(found: Sequence[str], more: bool) -> None:
    if tuple(found) != COLUMNS or more:
        raise ValueError(f"its columns must be {', '.join(COLUMNS)}")


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
