"""One trial: one classifier on one fold of one table."""

import time
import warnings
from collections.abc import Sequence
from functools import lru_cache, partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from methods import make_method
from sklearn.metrics import average_precision_score
from tables import load_table

from gpicl.classifier.large_contexts import subsample
from gpicl.files import write_atomically

# Probabilities are clipped to at least this, so that one confident mistake does not dominate a mean.
_LEAST = 1e-6
KEY = ("table", "method", "fold")


class Log:
    """Finished trials, one CSV row each; a row cut short by a kill is ignored.

    Args:
        path: File that is kept between runs.
        renew: Methods whose trials are dropped.
    """

    def __init__(self, path: Path, renew: Sequence[str] = ()) -> None:
        self._path = path
        self._done: set[tuple[str, str, int]] = set()
        if path.exists():
            text = path.read_text()
            whole = pd.read_csv(StringIO(text[: text.rfind("\n") + 1]))
            kept = whole[~whole["method"].isin(list(renew))]
            write_atomically(path, partial(kept.to_csv, index=False))
            self._done = {(row.table, row.method, int(row.fold)) for row in kept.itertuples()}

    def __contains__(self, key: tuple[str, str, int]) -> bool:
        return key in self._done

    def add(self, row: dict[str, Any]) -> None:
        """Append a trial to the file."""
        begins = not self._path.exists() or not self._path.stat().st_size
        pd.DataFrame([row]).to_csv(self._path, mode="a", header=begins, index=False)
        self._done.add(tuple(row[key] for key in KEY))

    def read(self) -> pd.DataFrame:
        """Read all finished trials."""
        return pd.read_csv(self._path)


def run_trial(folder: Path, name: str, method: str, fold: int, test_rows: int | None = None) -> dict[str, Any]:
    """Fit, predict and score on one thread.

    Args:
        folder: Folder of the table.
        name: Name of the table.
        method: See `make_method`.
        fold: Number of the fold, from 0.
        test_rows: Number of test rows to predict, drawn with class shares kept; None for all.
    """
    torch.set_num_threads(1)
    table = _table(folder, name)
    train, test = table.folds()[fold]
    if test_rows is not None and len(test) > test_rows:
        test = test[subsample(table.classes[test], test_rows, np.random.RandomState(fold))]
    X, y = table.features.iloc[train], table.classes[train]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence and rare-class warnings are usual with small samples
        classifier = make_method(method)
        started = time.perf_counter()
        classifier.fit(X, y)
        fitted = time.perf_counter()
        found = classifier.predict_proba(table.features.iloc[test])
        predicted = time.perf_counter()
        probabilities = np.zeros((len(test), table.classes.max() + 1))
        probabilities[:, classifier.classes_] = found
        scores = score(probabilities, table.classes[test])
    return {
        "table": table.name,
        "method": method,
        "fold": fold,
        **scores,
        "fit_seconds": round(fitted - started, 4),
        "predict_seconds": round(predicted - fitted, 4),
    }


def score(probabilities: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Compute average precision (of class 1, or weighted by class shares if C > 2), accuracy and log loss."""
    count = probabilities.shape[1]
    if count == 2:
        precision = average_precision_score(classes == 1, probabilities[:, 1])
    else:
        precision = average_precision_score(np.eye(count)[classes], probabilities, average="weighted")
    given = np.clip(probabilities[np.arange(len(classes)), classes], _LEAST, 1)
    return {
        "average_precision": round(float(precision), 5),
        "accuracy": round(float((probabilities.argmax(1) == classes).mean()), 5),
        "log_loss": round(float(-np.log(given).mean()), 5),
    }


_table = lru_cache(maxsize=1)(load_table)
