"""Shared parts of the experiments' figures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.report import COLOURS, figure_style

# Widths in inches: one column of a paper, and the whole page.
COLUMN, PAGE = 3.4, 7.0
CHANCE_COLOUR = "#777777"


@contextmanager
def panels(
    columns: int, height: float, *, rows: int = 1, width: float = PAGE, share: str = "y"
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Open a figure with a grid of panels, in the common style and with the font size of a printed paper.

    Args:
        columns: Panels per row.
        height: Height in inches.
        rows: Rows of panels.
        width: Width in inches; `COLUMN` or `PAGE`.
        share: Axes that the panels share: `x`, `y` or `xy`.

    Yields:
        The figure, and its panels by row and column.
    """
    settings: dict[Any, Any] = {"font.size": 8, "axes.titlesize": 8, "legend.fontsize": 7}
    settings |= {"xtick.labelsize": 7, "ytick.labelsize": 7, "lines.linewidth": 1.4, "lines.markersize": 4}
    with figure_style(), mpl.rc_context({**settings, "pdf.fonttype": 42}):  # text in a PDF stays text
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(rows, columns, sharex="x" in share, sharey="y" in share, squeeze=False)


def legend_above(figure: Figure, columns: int | None = None, title: str | None = None) -> None:
    """Put one legend above all panels, with the labels of the first panel.

    Args:
        figure: The figure.
        columns: Entries per row; None for all in one row.
        title: Title of the legend.
    """
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=columns or len(handles), title=title)


def position_curves(
    axes: Axes,
    means: pd.DataFrame,
    lines: Sequence[tuple[str, str, str]],
    by: str,
    last: int,
    chance: float | None = 0.1,
) -> None:
    """Draw accuracy at every position of the episode.

    Args:
        axes: Axes to draw on.
        means: See `over_seeds`; with the columns `by` and `position`.
        lines: Value of `by`, label and style of every line.
        by: Column that distinguishes the lines.
        last: Last position, the limit of the x-axis.
        chance: Accuracy of guessing (0..1); None for no line.
    """
    for colour, (value, label, line) in zip(COLOURS, lines, strict=False):
        plot_band(axes, means[means[by] == value], "position", "accuracy", colour=colour, label=label, line=line,
                  marker="")  # fmt: skip
    per_cent(axes, "accuracy" if axes is axes.figure.axes[0] else "", chance)
    axes.set(xlabel="position in the episode", ylim=(0, 1), xlim=(1, last))


def plot_band(
    axes: Axes, means: pd.DataFrame, x: str, y: str, *, colour: str, label: str, line: str = "-", marker: str = "o"
) -> None:
    """Draw a mean and its 95 % band.

    Args:
        axes: Axes to draw on.
        means: See `over_seeds`.
        x: Column for the x-axis.
        y: Column of the mean.
        colour: Colour of line and band.
        label: Label in the legend.
        line: Style of the line.
        marker: Marker of the means; empty for none.
    """
    axes.plot(means[x], means[y], line, color=colour, label=label, marker=marker)
    axes.fill_between(means[x], means["low"], means["high"], color=colour, alpha=0.18, linewidth=0)


def powers_of_two(axes: Axes, label: str) -> None:
    """Make the x-axis logarithmic, in powers of two.

    Args:
        axes: Axes to change.
        label: Label of the x-axis.
    """
    axes.set_xscale("log", base=2)
    axes.set_xlabel(label)


def per_cent(axes: Axes, label: str, chance: float | None = 0.1) -> None:
    """Show the y-axis in per cent, and draw a line at the accuracy of guessing.

    Args:
        axes: Axes to change.
        label: Label of the y-axis.
        chance: Accuracy of guessing (0..1); None for no line.
    """
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_ylabel(label)
    if chance is not None:
        axes.axhline(chance, color=CHANCE_COLOUR, linestyle=":", linewidth=1)
