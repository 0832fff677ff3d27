"""The plateau, drawn."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.experiments.plateau.grid import BATCH, BIAS, EPSILON, OPTIMISER, PATH, TASKS
from gpicl.experiments.plateau.means import mean_lengths
from gpicl.experiments.plateau.measure import LOSSES
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.figures import PAGE, experiment_style, new_figure
from gpicl.report import COLOURS

_ORDER = (BATCH, TASKS, EPSILON, BIAS, OPTIMISER, PATH)


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the plateau's length by each thing that is changed.

    Args:
        table: See `measure`.
        settings: Not used.
    """
    means = mean_lengths(table)
    with experiment_style():
        figure = new_figure(PAGE, 4.0)
        panels = figure.subplots(2, 3, sharey=True).flat
        for axes, axis in zip(panels, _ORDER, strict=True):
            values = list(dict.fromkeys(table[table["axis"] == axis]["value"]))
            for colour, marker, line, loss in zip(COLOURS, "os", ("-", "--"), LOSSES, strict=False):
                rows = means[(means["axis"] == axis) & (means["loss"] == loss)]
                _line(axes, values, rows, colour, marker, line, f"{loss} loss")
            axes.set_xticks(range(len(values)), [_short(value) for value in values])
            axes.set_xlabel(axis)
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_formatter("{x:.0f}")
            axes.margins(x=0.12)
        for axes in figure.axes[::3]:
            axes.set_ylabel("plateau (steps)")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles))
    return figure


def _line(axes: Axes, values: list[str], rows: pd.DataFrame, colour: str, marker: str, line: str, label: str) -> None:
    places = [values.index(value) for value in rows["value"]]
    axes.plot(places, rows["plateau"], line, marker=marker, color=colour, label=label)
    axes.vlines(places, rows["shortest"], rows["longest"], color=colour, linewidth=1, alpha=0.6)
    never = ~rows["ended"].to_numpy(dtype=bool)
    axes.plot(
        np.array(places)[never],
        rows["plateau"].to_numpy()[never] * 1.25,
        "^",
        color=colour,
        markerfacecolor="none",
        label="_never ended",
    )


def _short(value: str) -> str:
    if value.isdigit() and int(value) >= 1000:
        return f"$2^{{{int(value).bit_length() - 1}}}$"
    return {"unlimited": "∞"}.get(value, value)
