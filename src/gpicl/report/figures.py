"""The figures of a run's report."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.data import FeatureDataset
from gpicl.report.tables import settings_that_differ
from gpicl.tasks import Episodes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
"""One colour per line, distinguishable with colour blindness (Okabe and Ito)."""
_LINES = ("-", "--", "-.", ":")


def figure_style() -> AbstractContextManager[None]:
    """Context manager with the common style of all figures."""
    return mpl.rc_context(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
        }
    )


def learning_curve(results: pd.DataFrame) -> Figure:
    """Plot the accuracy at every position, one line per data set and kind of task, with 95 % bands.

    Args:
        results: Table from `evaluate`.
    """
    with figure_style():
        figure = Figure(figsize=(9.2, 3.8), layout="constrained")
        axes = figure.subplots()
        keys = ["dataset", "tasks", *settings_that_differ(results)]
        for i, (test, rows) in enumerate(results.groupby(keys, sort=False)):
            colour, line = COLOURS[i % len(COLOURS)], _LINES[i // len(COLOURS) % len(_LINES)]
            last = rows["accuracy"].iloc[-1]
            axes.plot(
                rows["position"], rows["accuracy"], line, color=colour, label=f"{', '.join(map(str, test))}: {last:.1%}"
            )
            axes.fill_between(rows["position"], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
        axes.set(xlabel="position in the episode", ylabel="accuracy", ylim=(0, 1), xlim=(1, results["position"].max()))
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.legend(title="last position", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def training_curve(log: Path, num_classes: int) -> Figure:
    """Plot the loss and the accuracies by step.

    Args:
        log: The run's `metrics.csv`.
        num_classes: Number C of classes; guessing has loss ln C and accuracy 1 / C.
    """
    table = pd.read_csv(log)
    with figure_style():
        figure = Figure(figsize=(9.2, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _plot_columns(left, table, {"loss": "training tasks", "unseen_loss": "unseen tasks, validation images"})
        left.axhline(np.log(num_classes), color="#999999", linestyle=":", label=f"guessing (ln {num_classes})")
        left.set(xlabel="step", ylabel="loss, mean over positions (nats)")
        left.legend()
        _plot_columns(
            right, table, {"accuracy": "training tasks", "unseen_accuracy": "unseen tasks, validation images"}
        )
        right.axhline(1 / num_classes, color="#999999", linestyle=":", label="guessing")
        right.set(xlabel="step", ylabel="accuracy, last tenth of the episode", ylim=(0, 1))
        right.yaxis.set_major_formatter("{x:.0%}")
        right.legend()
    return figure


def example_images(
    dataset: FeatureDataset, identity: Episodes, projected: Sequence[Episodes], count: int = 10
) -> Figure:
    """Show raw examples, and examples of unseen tasks as the learner sees them.

    Args:
        dataset: Its image shape is used for the pictures; features of other sizes become a square or a strip.
        identity: One episode of the raw data set.
        projected: Episodes of unseen tasks.
        count: Examples of each episode.
    """
    rows = [("raw", identity), *((f"task {i + 1}", e) for i, e in enumerate(projected))]
    with figure_style():
        figure = Figure(figsize=(9.2, 1.15 * len(rows)), layout="constrained")
        grid = figure.subplots(len(rows), count, squeeze=False)
        for axes_row, (title, episodes) in zip(grid, rows, strict=True):
            for i, axes in enumerate(axes_row):
                picture = _as_picture(episodes.inputs[0, i].cpu().numpy(), dataset)
                axes.imshow(
                    picture, cmap="gray", interpolation="nearest", aspect="equal" if picture.shape[0] > 1 else "auto"
                )
                axes.set_title(f"label {int(episodes.labels[0, i])}", fontsize=8)
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set_visible(False)
            axes_row[0].set_ylabel(title)
    return figure


def _plot_columns(axes: Axes, table: pd.DataFrame, labels: dict[str, str]) -> None:
    for colour, (column, label) in zip(COLOURS, labels.items(), strict=False):
        rows = table.dropna(subset=[column])
        # Unseen tasks are measured rarely, so each measurement gets a marker.
        marker = "o" if column.startswith("unseen") else ""
        axes.plot(rows["step"], rows[column], color=colour, label=label, marker=marker, ms=3)


def _as_picture(features: np.ndarray, dataset: FeatureDataset) -> np.ndarray:
    low, high = features.min(), features.max()
    scaled = (features - low) / (high - low if high > low else 1.0)
    shape = dataset.image_shape
    if shape is not None and shape[0] > 1 and features.size == int(np.prod(shape)):
        return scaled.reshape(shape)
    side = round(features.size**0.5)
    return scaled.reshape(side, side) if side * side == features.size else scaled[None, :]
