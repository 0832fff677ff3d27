"""What is measured of a run: how long its plateau was."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.experiments.plateau.length import plateau_of
from gpicl.experiments.sweep import SweptRun
from gpicl.weights import load_card

LOSSES = {"training": "loss", "unseen": "unseen_loss"}


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure the plateau of the training loss and of the loss on unseen tasks.

    Args:
        run: The run.
        folder: Its folder.

    Returns:
        Two rows: `loss` (training, unseen), `plateau` in steps, `ended`, and the `accuracy` on unseen tasks at the
        last position of the finished run.
    """
    log = pd.read_csv(folder / "metrics.csv")
    classes = load_card(folder)["options"]["num_classes"]
    accuracy = float(pd.read_csv(folder / "results.csv")["accuracy"].iloc[-1])
    rows = []
    for name, column in LOSSES.items():
        steps, ended = plateau_of(log, column, classes)
        rows.append({"loss": name, "plateau": steps, "ended": ended, "accuracy": accuracy})
    return rows
