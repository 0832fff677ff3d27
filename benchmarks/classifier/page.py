"""The benchmark's table, page and figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import torch
from figures import accuracy_figure, reliability_figure
from trials import BINS, Trial

from gpicl import report
from gpicl.data import dataset_label as label_of
from gpicl.metatesting import mean_interval

# Data sets that something was chosen on: the views of `InContextClassifier` (the first five), the learner's kernels
# (MNIST, Fashion-MNIST and digits), or the weights, which were meta-trained on MNIST.
_CHOSEN_ON = ("iris", "wine", "breast_cancer", "digits", "mnist1d", "mnist", "fashion_mnist")
_OURS = "InContextClassifier"
_NAMES = {"accuracy": "accuracy", "log_loss": "log loss", "ece": "calibration error"}
METRICS = {"accuracy": False, "log_loss": True, "ece": True}  # and whether less is better


def write_page(folder: Path, done: Sequence[tuple[Trial, dict[str, Any]]], command: str, machine: str) -> None:
    """Write `trials.csv`, `calibration.csv`, `README.md` and two figures."""
    trials = pd.DataFrame([_row(trial, entry) for trial, entry in done])
    bins = pd.concat([_bins(trial, entry) for trial, entry in done])
    bins = bins.groupby(["method", "bin"], sort=False, as_index=False).sum()
    tables = {"trials": trials.round(5), "calibration": bins.round(3)}
    figures = {"accuracy": accuracy_figure(trials), "reliability": reliability_figure(bins)}
    report.write_page(folder / "README.md", _page(trials, command, machine), tables, figures, kinds=("png",), dpi=160)


def mean_ranks(trials: pd.DataFrame, metric: str, less_is_better: bool) -> dict[str, tuple[float, float]]:
    """Mean rank of each method over data sets and sizes, and half of its 95 % interval over splits."""
    cells = trials.pivot(index=["split", "dataset", "size"], columns="method", values=metric)
    ranks = cells.rank(axis=1, ascending=less_is_better).groupby("split").mean()
    return {str(method): _mean_and_half(ranks[method].to_numpy()) for method in ranks}


def _row(trial: Trial, entry: dict[str, Any]) -> dict[str, Any]:
    numbers = {key: entry[key] for key in (*METRICS, "fit_seconds", "predict_seconds")}
    return {
        "dataset": label_of(trial.dataset),
        "size": trial.size,
        "split": trial.split,
        "method": trial.method,
        **numbers,
    }


def _bins(trial: Trial, entry: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"method": trial.method, "bin": range(BINS), **entry["bins"]})


def _mean_and_half(values: np.ndarray) -> tuple[float, float]:
    if len(values) < 2:
        return float(values.mean()), float("nan")
    low, high = mean_interval(values)
    return (low + high) / 2, (high - low) / 2


def _page(trials: pd.DataFrame, command: str, machine: str) -> list[str]:
    methods = list(dict.fromkeys(trials["method"]))
    splits = trials["split"].nunique()
    lines = [
        "# `InContextClassifier` against tuned classifiers on small data",
        "",
        *_leads(trials),
        "## Mean ranks (1 is best)",
        "",
        _ranks(trials, methods),
        *_ranks_elsewhere(trials, methods),
        "",
        f"The classifier's views and its learner's kernels were chosen on {', '.join(_CHOSEN_ON)}.",
        "Its weights were meta-trained on MNIST.",
        "Results on these data sets are optimistic, so the ranks on the other data sets are also given separately.",
        "",
        "![Accuracy by size](accuracy.png)",
        "",
        "## Calibration, all data sets and sizes combined",
        "",
        "![Reliability diagram](reliability.png)",
    ]
    titles = {
        "accuracy": "Accuracy, per cent",
        "log_loss": "Log loss, nats",
        "ece": "Expected calibration error, 15 bins",
    }
    for metric, title in titles.items():
        lines += ["", f"## {title}", "", _cells(trials, methods, metric, 100 if metric == "accuracy" else 1)]
    return [
        *lines,
        "",
        "## How it was measured",
        "",
        f"    {command}",
        "",
        f"{splits} splits, the same for all methods, with every class in each and up to 500 test rows.",
        "The numbers after ± are half of the 95 % interval over splits (Student's t).",
        "`benchmarks/classifier/competitors.py` shows how each competitor was tuned, `trials.csv` has every trial.",
        f"Machine: {machine}; torch {torch.__version__}, scikit-learn {sklearn.__version__}.",
    ]


def _leads(trials: pd.DataFrame) -> list[str]:
    """The measures in which `InContextClassifier` has the best mean rank, as a paragraph."""
    ranks = _all_ranks(trials)
    best = [_NAMES[metric] for metric, found in ranks.items() if min(found, key=lambda m: found[m][0]) == _OURS]
    if not best:
        return []
    count = trials["method"].nunique()
    return [f"`{_OURS}` has the best mean rank of {count} methods in {', '.join(best)}.", ""]


def _all_ranks(trials: pd.DataFrame) -> dict[str, dict[str, tuple[float, float]]]:
    return {metric: mean_ranks(trials, metric, less) for metric, less in METRICS.items()}


def _ranks(trials: pd.DataFrame, methods: list[str]) -> str:
    ranks = _all_ranks(trials)
    seconds = trials.groupby("method")[["fit_seconds", "predict_seconds"]].mean()
    rows = []
    for method in methods:
        cells = [f"{mean:.2f} ± {half:.2f}" for mean, half in (ranks[metric][method] for metric in METRICS)]
        rows.append([method, *cells, *(f"{1e3 * value:,.0f}" for value in seconds.loc[method])])
    return report.markdown_table(["method", *_NAMES.values(), "fit, ms", "predict, ms"], rows)


def _ranks_elsewhere(trials: pd.DataFrame, methods: list[str]) -> list[str]:
    elsewhere = trials[~trials["dataset"].isin(_CHOSEN_ON)]
    if elsewhere.empty:
        return []
    names = ", ".join(dict.fromkeys(elsewhere["dataset"]))
    return ["", f"Only {names}:", "", _ranks(elsewhere, methods)]


def _cells(trials: pd.DataFrame, methods: list[str], metric: str, factor: float) -> str:
    digits = 1 if factor > 1 else 3
    rows = []
    for (dataset, size), found in trials.groupby(["dataset", "size"], sort=False):
        values = found.pivot(index="split", columns="method", values=metric)
        means = {method: _mean_and_half(factor * values[method].to_numpy()) for method in methods}
        best = (max if metric == "accuracy" else min)(mean for mean, _ in means.values())
        texts = [f"{mean:.{digits}f} ± {half:.{digits}f}" for mean, half in means.values()]
        marked = [
            f"**{text}**" if mean == best else text for text, (mean, _) in zip(texts, means.values(), strict=True)
        ]
        rows.append([str(dataset), str(size), *marked])
    return report.markdown_table(["data set", "rows", *methods], rows)
