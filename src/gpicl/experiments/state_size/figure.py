"""The state size, drawn."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.figures import PAGE, experiment_style, new_figure, per_cent, powers_of_two
from gpicl.experiments.state_size.means import mean_by_size
from gpicl.experiments.state_size.published import published_sizes
from gpicl.report import COLOURS

_MARKERS = "osD^vP*X<"  # one more than there are colours, so that a colour that comes again has another
_AXES = {"state_size": "state size (numbers)", "parameters": "parameters"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by state size, and by number of parameters; a marker per learner, the paper's hollow.

    Args:
        table: See `measure`.
        settings: Say what the data sets are called.
    """
    means = mean_by_size(table, settings.label("mnist"))
    paper = published_sizes()
    paper = paper[paper["dataset"] == "mnist"]
    with experiment_style():
        figure = new_figure(PAGE, 2.9)
        panels = figure.subplots(1, 2, sharey=True, squeeze=False)[0]
        for axes, (column, label) in zip(panels, _AXES.items(), strict=True):
            for i, learner in enumerate(dict.fromkeys(means["learner"])):
                style: dict[str, Any] = {
                    "color": COLOURS[i % len(COLOURS)],
                    "marker": _MARKERS[i % len(_MARKERS)],
                    "linestyle": ("-", "--")[i // len(COLOURS) % 2],
                }
                _learner(axes, means[means["learner"] == learner].sort_values(column), column, str(learner), style)
                published = paper[paper["learner"] == learner]
                hollow = style | {"linestyle": "", "markerfacecolor": "none"}
                axes.plot(published[column], published["accuracy"], **hollow)
            powers_of_two(axes, label)
            per_cent(axes, f"accuracy, unseen {settings.label('mnist')}" if axes is panels[0] else "")
            axes.set_ylim(0, 1)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4, title="hollow: paper, at 32x32x3")
    return figure


def _learner(axes: Axes, rows: pd.DataFrame, column: str, label: str, style: dict[str, Any]) -> None:
    errors = [rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]
    axes.errorbar(rows[column], rows["accuracy"], yerr=errors, label=label, linewidth=1, elinewidth=0.8, **style)
