"""Draw the logs of several runs in one figure: `python benchmarks/plot_runs.py OUT.png LABEL=RUN [LABEL=RUN ...]`."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gpicl.report import COLOURS


def main() -> None:
    """Draw loss on training tasks and accuracy on unseen tasks by minutes."""
    out, *named = sys.argv[1:]
    figure = Figure(figsize=(9.2, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for colour, item in zip(COLOURS, named, strict=False):
        label, _, folder = item.partition("=")
        log = pd.read_csv(Path(folder) / "metrics.csv")
        minutes = log["seconds"].interpolate() / 60
        left.plot(minutes, log["loss"].rolling(20, min_periods=1).mean(), color=colour, label=label)
        unseen = log["unseen_accuracy"].notna()
        right.plot(minutes[unseen], log["unseen_accuracy"][unseen], color=colour, label=label)
    left.axhline(np.log(10), color="#999999", linestyle=":", label="guessing (ln 10)")
    left.set(xlabel="minutes of meta-training", ylabel="loss on training tasks (nats)")
    right.axhline(0.1, color="#999999", linestyle=":", label="guessing")
    right.set(xlabel="minutes of meta-training", ylabel="accuracy, unseen tasks, positions 91-100", ylim=(0, 1))
    right.yaxis.set_major_formatter("{x:.0%}")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    left.legend(frameon=False)
    figure.savefig(out, dpi=160)


if __name__ == "__main__":
    main()
