"""What the plateau shows."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from gpicl.experiments.plateau.grid import BATCH, BIAS, EPSILON, OPTIMISER, PATH, TASKS, UNLIMITED
from gpicl.experiments.plateau.length import RULE
from gpicl.experiments.plateau.means import mean_lengths
from gpicl.experiments.reproduction import Finding, Settings

# What two seeds may differ by without any cause.
_FACTOR = 1.25
_MEDIAN = f"{RULE} Median over seeds; > marks one that did not end. "


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what lengthens the plateau and what shortens it.

    Args:
        table: See `measure`.
        settings: Not used.
    """
    means = mean_lengths(table)

    def of(axis: str, loss: str) -> pd.DataFrame:
        return means[(means["axis"] == axis) & (means["loss"] == loss)]

    falls = f"The paper's direction if the first value of the list has a plateau {_FACTOR} times as long as the last."
    rises = f"The paper's direction if the last value of the list has a plateau {_FACTOR} times as long as the first."
    questions = [
        _trend("Does a larger task batch shorten it?", of(BATCH, "training"), falls, "by a power law", -1, _power_law),
        _trend("Do more tasks lengthen it?", of(TASKS, "training"), rises, "yes", 1),
        _trend("Does a larger epsilon lengthen it?", of(EPSILON, "training"), rises, "yes", 1),
        _trend("Does the bias intervention shorten it (unseen loss)?", of(BIAS, "unseen"), falls, "yes", -1),
        _trend("Does Muon shorten it?", of(OPTIMISER, "training"), falls, "", -1),
        _trend("Is there one with labels in values?", of(PATH, "training"), falls, "", -1),
    ]
    return [finding for finding in questions if finding is not None]


def _trend(
    question: str,
    rows: pd.DataFrame,
    rule: str,
    paper: str,
    sign: int,
    more: Callable[[pd.DataFrame], str] = lambda rows: "",
) -> Finding | None:
    if rows.empty:  # all runs of the axis failed
        return None
    texts = [f"{row['value']}: {'' if row['ended'] else '> '}{row['plateau']:.0f}" for _, row in rows.iterrows()]
    agrees = _differ_as(sign, rows.iloc[0], rows.iloc[-1]) if paper and len(rows) > 1 else None
    return Finding(question, ", ".join(texts) + " steps" + more(rows), _MEDIAN + rule, paper, agrees)


def _differ_as(sign: int, first: pd.Series, last: pd.Series) -> bool | None:
    shorter = min(first, last, key=lambda row: float(row["plateau"]))
    if not shorter["ended"]:
        return None  # it is only known to be long, and may be the longer one
    longer, other = (last, first) if sign > 0 else (first, last)
    return bool(longer["plateau"] >= _FACTOR * other["plateau"])


def _power_law(rows: pd.DataFrame) -> str:
    known = rows[rows["ended"] & (rows["value"] != UNLIMITED)]
    if len(known) < 3:
        return ""
    x, y = np.log(known["value"].astype(float)), np.log(known["plateau"])
    exponent = float(np.polyfit(x, y, 1)[0])
    return f"; best fitting power law: batch^{exponent:.2f} (r = {float(np.corrcoef(x, y)[0, 1]):.2f})"
