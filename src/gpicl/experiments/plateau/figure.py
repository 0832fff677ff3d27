"""The figure of the plateau."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from gpicl.experiments.plateau.findings import mean_lengths
from gpicl.experiments.plateau.grid import DIVERSITY, FIELDS, UNLIMITED
from gpicl.experiments.plateau.layers import PHASES
from gpicl.experiments.plateau.length import LAYERS, LOSSES
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.figures import legend_above, panels
from gpicl.report import COLOURS

_MARKERS = "osD^v"
_LINES = ("-", "--", "-.", ":", "-")
_STILL_ON_IT: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 9, "markerfacecolor": "none"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the plateau's length by each factor and by kinds of tasks, and the layers' second moments."""
    means = mean_lengths(table)
    with panels(4, 4.4, rows=2, share="") as (figure, places):
        for axes, axis in zip(places.flat, FIELDS, strict=False):
            values = list(dict.fromkeys(table[table["axis"] == axis]["value"]))
            for colour, marker, line, loss in zip(COLOURS, "os", ("-", "--"), LOSSES, strict=False):
                rows = means[(means["axis"] == axis) & (means["loss"] == loss)]
                _line(axes, values, rows, colour, marker, line, f"{loss} loss")
            _values(axes, values)
            axes.set_xlabel(axis)
            _steps(axes)
        _diversity(places[1, 2], table)
        _layers(places[1, 3], table)
        for axes in places[:, 0]:
            axes.set_ylabel("plateau (steps)")
        places[0, 0].plot([], [], color="black", label="still on the plateau at the end of a run", **_STILL_ON_IT)
        legend_above(figure)
    return figure


def _steps(axes: Axes) -> None:
    axes.set_yscale("log", base=2)
    low, high = axes.get_ylim()
    # There may be no power of two between numbers that differ little.
    far = high > 8 * low
    axes.yaxis.set_major_locator(LogLocator(base=2) if far else MaxNLocator(5, min_n_ticks=3))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.12)


def _values(axes: Axes, values: list[str]) -> None:
    turned: dict[str, Any] = {"rotation": 60, "rotation_mode": "anchor", "ha": "right"}
    axes.set_xticks(range(len(values)), _short(values), **turned if len(values) > 5 else {})


def _line(axes: Axes, values: list[str], rows: pd.DataFrame, colour: str, marker: str, line: str, label: str) -> None:
    places = np.array([values.index(value) for value in rows["value"]])
    axes.plot(places, rows["plateau"], line, marker=marker, color=colour, label=label)
    axes.vlines(places, rows["shortest"], rows["longest"], color=colour, linewidth=1, alpha=0.6)
    never = ~rows["ended"].to_numpy(dtype=bool)
    axes.plot(places[never], rows["plateau"].to_numpy()[never], color=colour, **_STILL_ON_IT)


def _diversity(axes: Axes, table: pd.DataFrame) -> None:
    rows = table[(table["axis"] == DIVERSITY) & (table["loss"] == "unseen")]
    values = list(dict.fromkeys(rows["num_tasks"].astype(str))) if len(rows) else []
    for i, (kinds, some) in enumerate(rows.groupby("kinds", sort=False) if len(rows) else ()):
        some = some.assign(value=some["num_tasks"].astype(str), shortest=some["plateau"], longest=some["plateau"])
        _line(axes, values, some, COLOURS[i % len(COLOURS)], _MARKERS[i % 5], _LINES[i % 5], str(kinds))
    _values(axes, values)
    axes.set_xlabel("number of tasks, unseen loss")
    _steps(axes)
    if len(rows):
        _legend_below(axes)


def _layers(axes: Axes, table: pd.DataFrame) -> None:
    rows = table[table["loss"] == LAYERS]
    axes.set_xticks(range(len(PHASES)), PHASES)
    axes.set_xlabel("layers, smallest epsilon")
    axes.set_ylabel("root of second moment")
    if rows.empty:
        return
    rows = rows[rows["epsilon"] == rows["epsilon"].min()]
    for i, (layer, some) in enumerate(rows.groupby("layer", sort=False)):
        roots = some.groupby("phase")["root_second_moment"].mean().reindex(PHASES)
        colour, marker, line = COLOURS[i % len(COLOURS)], _MARKERS[i % 5], _LINES[i % 5]
        axes.plot(range(len(PHASES)), roots, label=str(layer), color=colour, marker=marker, linestyle=line)
    axes.set_yscale("log")
    _legend_below(axes)


def _legend_below(axes: Axes) -> None:
    # The distance from the axes is in heights of the font, so the labels fit between, however high the axes are.
    axes.legend(fontsize=5, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=6.5, ncols=2)


def _short(values: list[str]) -> list[str]:
    """Write values as powers, of two if one of them is long and of ten if they are small."""
    long = any(value.isdigit() and len(value) > 3 for value in values)
    return [_power(value, 2) if long and value.isdigit() else _power(value, 10) for value in values]


def _power(value: str, base: int) -> str:
    if value == UNLIMITED:
        return "∞"
    try:
        number = float(value)
    except ValueError:
        return value
    exponent = round(math.log(number, base))
    exact = math.isclose(number, float(base) ** exponent) and (base == 2 or exponent < -2)
    return f"${base}^{{{exponent}}}$" if exact else value
