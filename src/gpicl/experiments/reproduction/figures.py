"""What the experiments' figures have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.report import figure_style

# Inches: a column of a paper, and its whole page.
COLUMN, PAGE = 3.4, 7.0
CHANCE = "#777777"


@contextmanager
def experiment_style() -> Iterator[None]:
    """The style of all figures, with letters that can be read at the size in which a paper prints them."""
    settings: dict[Any, Any] = {"font.size": 8, "axes.titlesize": 8, "legend.fontsize": 7}
    settings |= {"xtick.labelsize": 7, "ytick.labelsize": 7, "lines.linewidth": 1.4, "lines.markersize": 4}
    with figure_style(), mpl.rc_context({**settings, "pdf.fonttype": 42}):  # letters in a PDF stay letters
        yield


def new_figure(width: float, height: float) -> Figure:
    """Open a figure.

    Args:
        width: Inches; `COLUMN` or `PAGE`.
        height: Inches.
    """
    return Figure(figsize=(width, height), layout="constrained")


def plot_band(
    axes: Axes, means: pd.DataFrame, x: str, y: str, *, colour: str, label: str, line: str = "-", marker: str = "o"
) -> None:
    """Draw a mean and its 95 % band.

    Args:
        axes: Where to.
        means: See `over_seeds`.
        x: Column of the abscissa.
        y: Column of the mean.
        colour: Of both.
        label: For the legend.
        line: Style of the line.
        marker: Of the means; empty for none.
    """
    axes.plot(means[x], means[y], line, color=colour, label=label, marker=marker)
    axes.fill_between(means[x], means["low"], means["high"], color=colour, alpha=0.18, linewidth=0)


def powers_of_two(axes: Axes, label: str) -> None:
    """Make the abscissa logarithmic, in powers of two.

    Args:
        axes: Whose.
        label: Of the abscissa.
    """
    axes.set_xscale("log", base=2)
    axes.set_xlabel(label)


def per_cent(axes: Axes, label: str, chance: float | None = 0.1) -> None:
    """Make the ordinate per cent, and draw the line of guessing.

    Args:
        axes: Whose.
        label: Of the ordinate.
        chance: Accuracy of guessing; None for no line.
    """
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_ylabel(label)
    if chance is not None:
        axes.axhline(chance, color=CHANCE, linestyle=":", linewidth=1)
