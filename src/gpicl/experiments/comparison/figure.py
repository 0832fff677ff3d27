"""The comparison as a picture."""

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.comparison.table import MEASURED
from gpicl.report import COLOURS, figure_style

_MARKS = {
    MEASURED: ("o", COLOURS[0], True),
    "paper": ("D", COLOURS[1], False),
    "earlier reproduction": ("s", COLOURS[7], False),
}


def comparison_figure(table: pd.DataFrame, examples: int) -> Figure:
    """Draw every learner's accuracy, a panel per data set, with what others report beside it.

    Args:
        table: See `comparison_table`.
        examples: How many a learner has seen when its accuracy is taken.
    """
    datasets = list(dict.fromkeys(table["dataset"]))
    learners = list(dict.fromkeys(table["learner"]))[::-1]
    with figure_style():
        figure = Figure(figsize=(1.6 + 1.9 * len(datasets), 1.2 + 0.27 * len(learners)), layout="constrained")
        panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
        for axes, dataset in zip(panels, datasets, strict=True):
            for source, (marker, colour, filled) in _MARKS.items():
                rows = table[(table["dataset"] == dataset) & (table["source"] == source)].dropna(subset=["accuracy"])
                heights = [learners.index(name) for name in rows["learner"]]
                if filled:
                    axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1.5)
                face = colour if filled else "none"
                axes.scatter(
                    rows["accuracy"],
                    heights,
                    marker=marker,
                    s=24,
                    facecolor=face,
                    edgecolor=colour,
                    label=source,
                    zorder=3,
                )
            axes.axvline(0.1, color="#999999", linestyle=":", linewidth=1)
            axes.set(title=dataset, yticks=range(len(learners)), yticklabels=learners)
            axes.xaxis.set_major_formatter("{x:.0%}")
            axes.margins(x=0.08)
        figure.supxlabel(f"accuracy after {examples} examples; bars: 95 %; dotted: guessing", fontsize=10)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(_MARKS))
    return figure
