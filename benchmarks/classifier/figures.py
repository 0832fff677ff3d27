"""The benchmark's figures."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gpicl.report import COLOURS, figure_style


def accuracy_figure(trials: pd.DataFrame) -> Figure:
    """Draw accuracy by number of training rows, one panel per data set."""
    datasets = list(dict.fromkeys(trials["dataset"]))
    methods = list(dict.fromkeys(trials["method"]))
    columns = min(5, len(datasets))
    rows = -(-len(datasets) // columns)
    with figure_style():
        figure = Figure(figsize=(2.6 * columns, 2.4 * rows + 0.6), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, dataset in zip(panels, datasets, strict=False):
            for colour, method in zip(COLOURS, methods, strict=False):
                found = trials[(trials["dataset"] == dataset) & (trials["method"] == method)]
                means = found.groupby("size")["accuracy"].mean()
                width = 2.2 if method == methods[0] else 1.2
                axes.plot(means.index, means, "o-", color=colour, linewidth=width, ms=3, label=method)
            axes.set(title=dataset, xscale="log")
            ticks = sorted(trials["size"].unique())
            axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
            axes.minorticks_off()
            axes.yaxis.set_major_formatter("{x:.0%}")
        for axes in panels[len(datasets) :]:
            axes.set_visible(False)
        figure.supxlabel("training rows", fontsize=10)
        figure.supylabel("accuracy", fontsize=10)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(columns, len(methods)))
    return figure


def reliability_figure(bins: pd.DataFrame) -> Figure:
    """Draw the share of correct predictions by confidence, one panel per method."""
    methods = list(dict.fromkeys(bins["method"]))
    with figure_style():
        figure = Figure(figsize=(2.2 * len(methods), 2.7), layout="constrained")
        panels = figure.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
        for axes, colour, method in zip(panels, COLOURS, methods, strict=False):
            found = bins[(bins["method"] == method) & (bins["count"] > 0)]
            sure, right = found["confidence"] / found["count"], found["right"] / found["count"]
            error = np.abs(found["confidence"] - found["right"]).sum() / found["count"].sum()
            axes.plot([0, 1], [0, 1], ":", color="#999999")
            axes.plot(sure, right, "-", color=colour)
            axes.scatter(sure, right, s=120 * found["count"] / found["count"].max() + 4, color=colour)
            axes.set_title(f"{method}\nerror {error:.3f}", fontsize=9)
            axes.set(xlim=(0, 1), ylim=(0, 1))
        figure.supxlabel("confidence; a dot's size is its share of the predictions", fontsize=10)
        figure.supylabel("share right", fontsize=10)
    return figure
