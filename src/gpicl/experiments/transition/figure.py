"""The transition, drawn."""

from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gpicl.experiments.reproduction import Settings, over_seeds
from gpicl.experiments.reproduction.figures import (
    COLUMN,
    experiment_style,
    new_figure,
    per_cent,
    plot_band,
    powers_of_two,
)
from gpicl.experiments.transition.phases import INSTANCES, LEARNING, TASKS, curves, improvements, phases
from gpicl.report import COLOURS

_SHADES = {INSTANCES: "#f0f0f0", TASKS: "#d9d9d9", LEARNING: "#bdbdbd"}
# Where the paper's curves jump, and what they come to (read from its text).
_PAPER_TASKS, _PAPER_UNSEEN = 2**14.5, {"mnist": 0.60, "fashion_mnist": 0.42}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw improvement within the sequence by number of tasks, with the seeds and the phases behind them.

    Args:
        table: Accuracies at the first and the last position.
        settings: Say what the data sets are called.
    """
    rows = improvements(table)
    means = over_seeds(rows, ["num_tasks", "dataset", "tasks"], "improvement")
    with experiment_style():
        figure = new_figure(COLUMN, 3.2)
        axes = figure.subplots()
        _shade(axes, phases(table, settings))
        for colour, line, marker, (label, (dataset, kind)) in zip(
            COLOURS, ("-", "--", "-."), "osD", curves(settings).items(), strict=False
        ):
            chosen = means[(means["dataset"] == dataset) & (means["tasks"] == kind)]
            plot_band(axes, chosen, "num_tasks", "improvement", colour=colour, label=label, line=line, marker=marker)
            seeds = rows[(rows["dataset"] == dataset) & (rows["tasks"] == kind)]
            axes.scatter(seeds["num_tasks"], seeds["improvement"], s=4, color=colour, alpha=0.5, linewidth=0)
        for colour, name in zip(COLOURS[1:], _PAPER_UNSEEN, strict=False):
            height = _PAPER_UNSEEN[name]
            axes.axhline(height, color=colour, linestyle=":", linewidth=0.9)
            axes.annotate("paper", (0.02, height), xycoords=("axes fraction", "data"), fontsize=6, va="bottom")
        powers_of_two(axes, "number of tasks")
        per_cent(axes, "accuracy improvement\nwithin the sequence", chance=0.0)
        axes.set_ylim(-0.15, 1.0)
        lines, labels = axes.get_legend_handles_labels()
        shades = [Patch(color=shade, label=phase) for phase, shade in _SHADES.items()]
        figure.legend(handles=[*lines, *shades], labels=[*labels, *_SHADES], loc="outside upper center", ncols=2)
    return figure


def _shade(axes: Axes, judged: pd.DataFrame) -> None:
    counts = judged["num_tasks"].to_list()
    edges = [counts[0] / 2, *((a * b) ** 0.5 for a, b in pairwise(counts)), counts[-1] * 2]
    for left, right, phase in zip(edges, edges[1:], judged["phase"], strict=False):
        axes.axvspan(left, right, color=_SHADES[phase], linewidth=0, zorder=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.grid(visible=False)
