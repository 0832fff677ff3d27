"""Tables of the benchmark: a folder of CSV files, and the folds for all methods."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

TARGET = "Class"
PEERS_FILE = "peers.csv"
FOLDS = 4


class Table(NamedTuple):
    """Features, a data frame of N rows of numbers and categories, and classes 0..C-1 [N]."""

    name: str
    features: pd.DataFrame
    classes: np.ndarray

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Training and test rows of every fold; each row is tested once."""
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        return list(folds.split(self.features, self.classes))


def table_names(folder: Path) -> list[str]:
    """List the names of the tables in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.csv") if path.name != PEERS_FILE)


def load_table(folder: Path, name: str) -> Table:
    """Read a table; its column `Class`, or else its last one, holds the classes."""
    frame = pd.read_csv(folder / f"{name}.csv")
    target = TARGET if TARGET in frame.columns else frame.columns[-1]
    _, classes = np.unique(frame[target], return_inverse=True)
    return Table(name, frame.drop(columns=target), classes)


def load_peers(folder: Path) -> pd.DataFrame | None:
    """Read the results of other methods, a row per table; None if the folder has no such file."""
    path = folder / PEERS_FILE
    return pd.read_csv(path).set_index("table") if path.exists() else None
