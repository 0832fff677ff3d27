"""The learning curve, drawn."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import Settings, over_seeds
from gpicl.experiments.reproduction.figures import PAGE, experiment_style, new_figure, per_cent, plot_band
from gpicl.metatesting import PAPER, reference_accuracies
from gpicl.report import COLOURS

_PAPER_LEARNER, _PAPER_LENGTH = "GPICL Transformer", 100


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: a panel per data set that it is tested on, a line per one it is trained on.

    Args:
        table: Accuracies at every position.
        settings: Say what the data sets are called.
    """
    means = over_seeds(table, ["trained_on", "dataset", "position"])
    names = {settings.label(name): name for name in ("mnist", "fashion_mnist")}
    last = int(table["position"].max())
    published = reference_accuracies(PAPER, _PAPER_LEARNER)
    with experiment_style():
        figure = new_figure(PAGE, 2.6)
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, (tested, name) in zip(panels, names.items(), strict=True):
            for colour, line, trained in zip(COLOURS, ("-", "--"), names, strict=False):
                chosen = means[(means["dataset"] == tested) & (means["trained_on"] == trained)]
                label = f"meta-trained on {trained}"
                plot_band(axes, chosen, "position", "accuracy", colour=colour, label=label, line=line, marker="")
            if last == _PAPER_LENGTH:
                style: dict[str, Any] = {"color": COLOURS[0], "markerfacecolor": "none", "clip_on": False}
                axes.plot([last], [published[name]], "D", label="paper, meta-trained on MNIST", **style)
            per_cent(axes, "accuracy" if axes is panels[0] else "")
            axes.set(title=f"meta-tested on {tested}", xlabel="position in the episode", ylim=(0, 1))
            axes.set_xlim(1, last)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure
