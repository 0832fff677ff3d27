"""Tables of the benchmark: a folder of CSV files, and the folds that every method is tried on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

TARGET = "Class"
PEERS_FILE = "peers.csv"
FOLDS = 4


class Table(NamedTuple):
    """A data frame of N rows of numbers and categories, and their classes 0..C-1 [N]."""

    name: str
    features: pd.DataFrame
    classes: np.ndarray

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows to train and to test on; each row is tested once."""
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        return list(folds.split(self.features, self.classes))


def table_names(folder: Path) -> list[str]:
    """Names of the tables of a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.csv") if path.name != PEERS_FILE)


def load_table(folder: Path, name: str) -> Table:
    """Read a table whose column `Class`, or the last one where there is none of this name, holds the classes."""
    frame = pd.read_csv(folder / f"{name}.csv")
    target = TARGET if TARGET in frame.columns else frame.columns[-1]
    _, classes = np.unique(frame[target], return_inverse=True)
    return Table(name, frame.drop(columns=target), classes)


def load_peers(folder: Path) -> pd.DataFrame | None:
    """Read what other methods reach, a row per table, or None if the folder has no such file."""
    path = folder / PEERS_FILE
    return pd.read_csv(path).set_index("table") if path.exists() else None
