"""The figures of a run's report."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

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
            name = f"{', '.join(map(str, test))}: {last:.1%}"
            # If only some positions were measured, they are marked.
            marker = "o" if len(rows) < rows["position"].max() else ""
            axes.plot(rows["position"], rows["accuracy"], line, color=colour, label=name, marker=marker, ms=3)
            axes.fill_between(rows["position"], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
        axes.set(
            xlabel="position in the episode",
            ylabel="accuracy",
            ylim=(0, 1),
            xlim=(1, max(2, results["position"].max())),
        )
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.legend(title="last position", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def training_curve(log: pd.DataFrame, num_classes: int) -> Figure:
    """Plot the loss and the accuracies by step.

    Args:
        log: The run's log; see `gpicl.metatraining.csv_log.read_log`.
        num_classes: Number C of classes; guessing has loss ln C and accuracy 1 / C.
    """
    with figure_style():
        figure = Figure(figsize=(9.2, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _plot_columns(left, log, {"loss": "training tasks", "unseen_loss": "unseen tasks, validation images"})
        left.axhline(np.log(num_classes), color="#999999", linestyle=":", label=f"guessing (ln {num_classes})")
        left.set(xlabel="step", ylabel="loss, mean over positions (nats)")
        left.legend()
        _plot_columns(right, log, {"accuracy": "training tasks", "unseen_accuracy": "unseen tasks, validation images"})
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
        # One mosaic a row: axes for each picture take ten times as long to lay out and draw.
        for axes, (title, episodes) in zip(figure.subplots(len(rows), squeeze=False)[:, 0], rows, strict=True):
            inputs, labels = episodes.inputs[0].cpu().numpy(), episodes.labels[0]
            if episodes is identity:  # without the zeros that fill them up to the learner's features
                inputs = inputs[:, : dataset.features.shape[1]]
            pictures = [_as_picture(inputs[i], dataset) for i in range(count)]
            height, width = pictures[0].shape[:2]
            gap = np.ones((height, max(1, width // 10), *pictures[0].shape[2:]))
            mosaic = np.concatenate([part for picture in pictures for part in (picture, gap)][:-1], axis=1)
            axes.imshow(
                mosaic, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="equal" if height > 1 else "auto"
            )
            centres = [i * (width + gap.shape[1]) + (width - 1) / 2 for i in range(count)]
            axes.set_xticks(centres, [f"label {int(labels[i])}" for i in range(count)], fontsize=8)
            axes.set_yticks([])
            axes.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False)
            axes.spines[:].set_visible(False)
            axes.set_ylabel(title)
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
