"""One trial: one classifier on one split of one data set."""

import json
import os
import time
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from competitors import competitors
from datasets import Table, load_table

from gpicl.files import write_atomically

BINS = 15
# Index of the method in a trial's key.
_METHOD = 3
# Probabilities are clipped to at least this, so that one confident mistake does not dominate a mean.
_LEAST = 1e-6


class Trial(NamedTuple):
    """A classifier, and the data, split and weights that it is tried with."""

    dataset: str
    size: int
    split: int
    method: str
    weights: str
    members: int
    version: str

    @property
    def key(self) -> str:
        """Identity of the trial; other weights make another trial."""
        return json.dumps([self.dataset.partition("=")[0], self.size, self.split, self.method, self.version])


def run_trial(trial: Trial) -> dict[str, Any]:
    """Fit, predict and score on one thread."""
    torch.set_num_threads(1)
    table = _table(trial.dataset)
    train, test = table.split(trial.size, trial.split)
    X, y = table.features[train], table.labels[train]
    make = competitors(trial.weights, trial.members)[trial.method]
    if trial.method == "InContextClassifier":
        make(y).fit(X[:1].repeat(2, 0), np.arange(2))  # loads the weights, which happens once per process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence and collinearity warnings are usual with small samples
        started = time.perf_counter()
        classifier = make(y).fit(X, y)
        fitted = time.perf_counter()
        probabilities = classifier.predict_proba(table.features[test])
        predicted = time.perf_counter()
    scores = score(probabilities, np.searchsorted(classifier.classes_, table.labels[test]))
    return {"key": trial.key, **scores, "fit_seconds": fitted - started, "predict_seconds": predicted - fitted}


def score(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Compute accuracy, log loss, expected calibration error, and the bins of a reliability diagram."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    given = np.clip(probabilities[np.arange(len(labels)), labels], _LEAST, 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    count, sure, hits = (np.bincount(bins, weights, BINS) for weights in (None, confidence, right))
    return {
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(given).mean()),
        "ece": float(np.abs(sure - hits).sum() / len(labels)),
        "bins": {"count": count.tolist(), "confidence": sure.round(6).tolist(), "right": hits.tolist()},
    }


class Log:
    """Finished trials, one line each; a line cut short by a kill is ignored.

    Args:
        path: File that is kept between runs.
        renew: Methods whose trials are dropped.
    """

    def __init__(self, path: Path, renew: Sequence[str] = ()) -> None:
        self._path = path
        self.done: dict[str, dict[str, Any]] = {}
        if not path.exists():
            return
        text = path.read_text()
        entries = map(json.loads, text[: text.rfind("\n") + 1].splitlines())
        kept = [entry for entry in entries if json.loads(entry["key"])[_METHOD] not in renew]
        whole = "".join(json.dumps(entry) + "\n" for entry in kept)
        if whole != text:
            write_atomically(path, lambda part: part.write_text(whole))
        self.done = {entry["key"]: entry for entry in kept}

    def add(self, entry: dict[str, Any]) -> None:
        """Append a trial to the file, and flush it to the disk."""
        with self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.done[entry["key"]] = entry


@lru_cache(maxsize=1)
def _table(name: str) -> Table:
    return load_table(name)
