"""The heat map, drawn."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.experiments.heatmap.verdict import GENERALISES, MEMORISES, verdicts
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.figures import PAGE, experiment_style, new_figure

_NAMES = {
    "MLP": "MLP",
    "TokenTransformer": "Transformer, labels in tokens",
    "ValueTransformer": "Transformer, labels in values",
}
_MARKS = {MEMORISES: " M", GENERALISES: " G"}
# From here on the paper's Transformer does better on unseen tasks, if it is at least 64 wide.
_PAPER_TASKS = 2**12


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by number of tasks and model size: a column per learner, a row for seen and for unseen tasks.

    Args:
        table: One row per run and kind of tasks.
        settings: Not used.
    """
    judged = verdicts(table)
    learners = [name for name in _NAMES if name in set(judged["learner"])]
    rows = len(set(judged["width"]))
    with experiment_style():
        figure = new_figure(PAGE, 1.2 + 0.42 * max(rows, 4))
        grid = figure.subplots(2, len(learners), sharex=True, sharey=True, squeeze=False)
        for column, learner in enumerate(learners):
            for row, kind in enumerate(("seen", "unseen")):
                image = _panel(grid[row, column], judged[judged["learner"] == learner], kind)
            grid[0, column].set_title(_NAMES[learner])
            grid[1, column].set_xlabel("number of tasks")
        for row, kind in enumerate(("seen", "unseen")):
            grid[row, 0].set_ylabel(f"{kind} tasks\nmodel size d")
        bar = figure.colorbar(image, ax=grid, label="accuracy at the last position", aspect=30, pad=0.01)
        bar.ax.yaxis.set_major_formatter("{x:.0%}")
        caption = "M: memorises, G: generalises (see the page)."
        if _place_of_paper(sorted(set(judged["num_tasks"]))) is not None:
            caption += " Dashed: from here on the paper's Transformer generalises."
        figure.supxlabel(caption, fontsize=7)
    return figure


def _panel(axes: Axes, judged: pd.DataFrame, kind: str):  # type: ignore[no-untyped-def]  # an AxesImage
    wide = judged.pivot_table(index="width", columns="num_tasks", values=kind)
    image = axes.imshow(wide.to_numpy(), origin="lower", aspect="auto", vmin=0, vmax=1, cmap="viridis")
    axes.grid(visible=False)
    axes.set_xticks(range(wide.shape[1]), [f"$2^{{{int(np.log2(n))}}}$" for n in wide.columns])
    axes.set_yticks(range(wide.shape[0]), [str(width) for width in wide.index])
    marks = {(row["width"], row["num_tasks"]): _MARKS.get(row["verdict"], "") for _, row in judged.iterrows()}
    for y, width in enumerate(wide.index):
        for x, count in enumerate(wide.columns):
            value = float(wide.to_numpy()[y, x])
            if np.isnan(value):
                continue  # its run failed
            text = f"{100 * value:.0f}{marks[width, count] if kind == 'unseen' else ''}"
            axes.text(x, y, text, ha="center", va="center", fontsize=6, color="white" if value < 0.6 else "black")
    place = _place_of_paper(sorted(set(judged["num_tasks"])))
    if place is not None:
        axes.axvline(place, color="white", linestyle="--")
    return image


def _place_of_paper(counts: list[int]) -> float | None:
    """The edge between columns where the paper's Transformer begins to generalise; None if that is not on the axis."""
    below = sum(count <= _PAPER_TASKS for count in counts)
    return below - 0.5 if 0 < below < len(counts) else None
