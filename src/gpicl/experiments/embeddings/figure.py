"""The embeddings, drawn."""

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import Settings, over_seeds
from gpicl.experiments.reproduction.figures import PAGE, experiment_style, new_figure, per_cent, plot_band
from gpicl.report import COLOURS


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: a panel per data set, a line per kind of features.

    Args:
        table: Accuracies at every position.
        settings: Not used.
    """
    means = over_seeds(table, ["features", "dataset", "position"])
    datasets = list(dict.fromkeys(table["dataset"]))
    kinds = list(dict.fromkeys(table["features"]))
    with experiment_style():
        figure = new_figure(PAGE, 2.6)
        panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
        for axes, dataset in zip(panels, datasets, strict=True):
            for colour, line, kind in zip(COLOURS, ("-", "--", "-.", ":"), kinds, strict=False):
                chosen = means[(means["dataset"] == dataset) & (means["features"] == kind)]
                plot_band(axes, chosen, "position", "accuracy", colour=colour, label=kind, line=line, marker="")
            per_cent(axes, "accuracy" if axes is panels[0] else "")
            axes.set(title=f"meta-tested on {dataset}", xlabel="position in the episode", ylim=(0, 1))
            axes.set_xlim(1, int(table["position"].max()))
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), title="features")
    return figure
