"""The figure of the transition."""

from collections.abc import Sequence
from itertools import pairwise
from math import log2
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.figures import panels, per_cent, plot_band, powers_of_two
from gpicl.experiments.transition.improvement import (
    INSTANCES,
    LEARNING,
    NOTHING,
    PAPER_UNSEEN,
    TASKS,
    by_part,
    improvements,
    is_the_papers,
    jump_improvements,
    mean_improvements,
    phases,
)
from gpicl.metatesting import reference_name
from gpicl.report import COLOURS

_SHADES = {NOTHING: "#ffffff", INSTANCES: "#f0f0f0", TASKS: "#d9d9d9", LEARNING: "#bdbdbd"}
_PAPER_LINE: dict[str, Any] = {"linestyle": ":", "linewidth": 0.9}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw improvement within the sequence by number of tasks: one column per learner and data set.

    The upper row shows means and phases, the lower one every seed where there are at least four.
    """
    mnist, fashion = settings.label("mnist"), settings.label("fashion_mnist")
    parts, published = list(by_part(table)), list[Line2D]()
    with panels(len(parts), 4.6, rows=2) as (figure, places):
        for column, (learner, trained_on, rows) in enumerate(parts):
            axes = places[0, column]
            other = fashion if trained_on == mnist else mnist
            curves = (("seen", trained_on, "-", "o"), ("unseen", trained_on, "--", "s"), ("unseen", other, "-.", "D"))
            _curves(axes, rows, curves)
            if is_the_papers(learner, trained_on):
                for colour, tested in zip(COLOURS[1:], (trained_on, other), strict=False):
                    if reference_name(tested) in PAPER_UNSEEN:
                        axes.axhline(PAPER_UNSEEN[reference_name(tested)], color=colour, **_PAPER_LINE)
                        published = [Line2D([], [], color="black", label="the paper", **_PAPER_LINE)]
            axes.set_title(f"{learner},\nmeta-trained on {trained_on}")
            powers_of_two(axes, "number of tasks")
            per_cent(axes, "accuracy improvement\nwithin the sequence" if column == 0 else "", chance=0.0)
            axes.set_ylim(-0.15, 1.0)
            _distribution(places[1, column], rows, trained_on)
            if column == 0:
                places[1, column].set_ylabel("the same on unseen tasks,\nevery seed")
        lines, _ = places[0, 0].get_legend_handles_labels()
        for line, name in zip(lines, ("seen tasks", "unseen tasks", "unseen tasks, the other data set"), strict=True):
            line.set_label(name)
        found = {phase for _, _, rows in parts for phase in phases(rows)["phase"]}
        shades = [Patch(color=shade, label=phase) for phase, shade in _SHADES.items() if phase in found]
        figure.legend(handles=[*lines, *published, *shades], loc="outside upper center", ncols=4)
    return figure


def _curves(axes: Axes, table: pd.DataFrame, curves: Sequence[tuple[str, str, str, str]]) -> None:
    rows, means = improvements(table), mean_improvements(table)
    _shade(axes, phases(table))
    for colour, (kind, dataset, line, marker) in zip(COLOURS, curves, strict=False):
        chosen, seeds = (part[(part["dataset"] == dataset) & (part["tasks"] == kind)] for part in (means, rows))
        label = f"{kind} tasks, {dataset}"
        plot_band(axes, chosen, "num_tasks", "improvement", colour=colour, label=label, line=line, marker=marker)
        axes.scatter(seeds["num_tasks"], seeds["improvement"], s=4, color=colour, alpha=0.5, linewidth=0)


def _distribution(axes: Axes, table: pd.DataFrame, trained_on: str) -> None:
    """Draw every seed as a dot; dots within three points of each other are side by side."""
    found = list(jump_improvements(table))
    for place, (_, values) in enumerate(found):
        for bin_ in np.unique(np.round(values / 0.03)):
            together = values[np.round(values / 0.03) == bin_]
            offsets = 0.04 * (np.arange(len(together)) - (len(together) - 1) / 2)
            axes.scatter(place + offsets, together, s=9, color=COLOURS[1], linewidth=0)
    if not found:
        axes.annotate("few seeds", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=7)
    axes.set_xticks(range(len(found)), [f"$2^{{{int(log2(count))}}}$" for count, _ in found])
    axes.set(xlabel="number of tasks", xlim=(-0.7, max(len(found), 1) - 0.3))


def _shade(axes: Axes, judged: pd.DataFrame) -> None:
    counts = judged["num_tasks"].to_list()
    edges = [counts[0] / 2, *((a * b) ** 0.5 for a, b in pairwise(counts)), counts[-1] * 2]
    for left, right, phase in zip(edges, edges[1:], judged["phase"], strict=False):
        axes.axvspan(left, right, color=_SHADES[phase], linewidth=0, zorder=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.grid(visible=False)
