"""What the heat map shows."""

import numpy as np
import pandas as pd

from gpicl.experiments.heatmap.grid import MLP, TOKEN, VALUE
from gpicl.experiments.heatmap.verdict import BETWEEN, GENERALISES, MEMORISES, NEITHER, RULE, verdicts
from gpicl.experiments.reproduction import Finding, Settings

_PAPER = {
    MLP: "memorises, and never generalises",
    TOKEN: "memorises few tasks; generalises above about 2^12 to 2^13 tasks if at least 64 wide",
    VALUE: "",
}


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what each learner does with few tasks and with many.

    Args:
        table: One row per run and kind of tasks.
        settings: Not used.
    """
    judged = verdicts(table)
    return [
        Finding(f"What does the {learner} do?", _counts(rows), RULE, _PAPER[str(learner)], _agrees(str(learner), rows))
        for learner, rows in judged.groupby("learner", sort=False)
    ]


def _counts(rows: pd.DataFrame) -> str:
    parts = []
    for verdict in (MEMORISES, BETWEEN, GENERALISES, NEITHER):
        found = rows[rows["verdict"] == verdict]
        if len(found):
            counts = sorted({int(np.log2(n)) for n in found["num_tasks"]})
            many = f"2^{counts[0]}" if len(counts) == 1 else f"2^{counts[0]} to 2^{counts[-1]}"
            parts.append(f"{verdict} in {len(found)} of {len(rows)} places ({many} tasks)")
    best = rows.sort_values("unseen").iloc[-1]
    best_place = f"{best['num_tasks']:.0f} tasks, d = {best['width']:.0f}"
    return "; ".join(parts) + f". Best on unseen tasks: {best['unseen']:.1%} ({best_place})."


def _agrees(learner: str, rows: pd.DataFrame) -> bool | None:
    generalises = rows["verdict"] == GENERALISES
    memorises = rows["verdict"] == MEMORISES
    if learner == MLP:
        return bool(memorises.any() and not generalises.any())
    return bool(memorises.any() and generalises.any() and _in_order(rows[memorises], rows[generalises]))


def _in_order(memorised: pd.DataFrame, generalised: pd.DataFrame) -> bool:
    shared = set(memorised["width"]) & set(generalised["width"])
    return all(
        memorised[memorised["width"] == width]["num_tasks"].max()
        < generalised[generalised["width"] == width]["num_tasks"].min()
        for width in shared
    )
