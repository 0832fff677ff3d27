"""The ablation, drawn."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.experiments.ablation.published import published
from gpicl.experiments.ablation.variants import FAULTS
from gpicl.experiments.reproduction import Settings, over_seeds
from gpicl.experiments.reproduction.figures import CHANCE, PAGE, experiment_style, new_figure
from gpicl.report import COLOURS


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the accuracy of every variant, a panel per learner.

    Args:
        table: Accuracies at the last position.
        settings: Say what the data sets are called.
    """
    means = over_seeds(table, ["learner", "variant", "dataset"])
    order = list(dict.fromkeys(zip(table["learner"], table["variant"], strict=True)))
    with experiment_style():
        figure = new_figure(PAGE, 3.0)
        panels = figure.subplots(1, len(FAULTS), sharex=True, squeeze=False)[0]
        for axes, learner in zip(panels, FAULTS, strict=True):
            names = [variant for which, variant in order if which == learner][::-1]
            for colour, marker, role in zip(COLOURS, "oD", ("mnist", "fashion_mnist"), strict=False):
                chosen = means[(means["learner"] == learner) & (means["dataset"] == settings.label(role))]
                heights = [names.index(name) for name in chosen["variant"]]
                axes.hlines(heights, chosen["low"], chosen["high"], color=colour, linewidth=1.2, alpha=0.6)
                axes.plot(chosen["accuracy"], heights, marker, color=colour, label=settings.label(role))
            _references(axes, learner)
            axes.axvline(0.1, color=CHANCE, linestyle=":", linewidth=1)
            axes.set(title=learner, xlabel="accuracy at the last position", xlim=(0, 1))
            axes.set_yticks(range(len(names)), [name.replace("2^15", "$2^{15}$") for name in names])
            axes.xaxis.set_major_formatter("{x:.0%}")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles))
    return figure


def _references(axes: Axes, learner: str) -> None:
    for line, (source, accuracy) in zip(("--", "-."), published(learner).items(), strict=True):
        axes.axvline(accuracy, color="black", linestyle=line, linewidth=0.8, label=f"{source}, MNIST")
