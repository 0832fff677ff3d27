"""What the table of the plateau shows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from gpicl.experiments.plateau.bounds import BOUND_RULE, LONGER, ratio_of, steps_of
from gpicl.experiments.plateau.grid import BATCH, BIAS, EPSILON, OPTIMISER, PATH, TASKS, UNLIMITED
from gpicl.experiments.plateau.joint import find_joint
from gpicl.experiments.plateau.layers import PHASES
from gpicl.experiments.plateau.length import LAYERS, RULE
from gpicl.experiments.reproduction import Finding, Settings


def mean_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Compute the median over seeds, and the range.

    WHY not a mean with its interval: a plateau that never ended has no length to average.

    Args:
        table: See `measure`.

    Returns:
        One row per `axis`, `value` and `loss`: `plateau` (median), `shortest`, `longest`, `ended` (whether the median
        is known).
    """
    # Of equal lengths the one that has not ended is the longer.
    lengths = table[table["loss"] != LAYERS].sort_values(["plateau", "ended"], ascending=[True, False])
    order = list(dict.fromkeys(zip(*(table[name] for name in ("axis", "value", "loss")), strict=True)))
    means = lengths.groupby(["axis", "value", "loss"], sort=False).agg(
        plateau=("plateau", "median"),
        shortest=("plateau", "min"),
        longest=("plateau", "max"),
        # A longer plateau that has not ended does not change the median.
        ended=("ended", lambda ended: bool(ended.iloc[: len(ended) // 2 + 1].all())),
    )
    return means.reindex([key for key in order if key in means.index]).reset_index()


_MEDIAN = f"{RULE} Median over seeds. "
_ENDS = (
    "The number is the plateau of the {} value divided by that of the {}; 1 means no effect."
    + BOUND_RULE
    + " The rank correlation is given if all plateaus ended."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report what lengthens the plateau, what shortens it, and why."""
    means = mean_lengths(table)

    def of(axis: str, loss: str) -> pd.DataFrame:
        return means[(means["axis"] == axis) & (means["loss"] == loss)]

    falls, rises = _ENDS.format("first", "last"), _ENDS.format("last", "first")
    questions = [
        _trend("Does a larger task batch shorten it?", of(BATCH, "training"), falls, "by a power law", -1, _power_law),
        _trend("Do more tasks lengthen it?", of(TASKS, "training"), rises, "yes", 1),
        _trend("Does a larger epsilon lengthen it?", of(EPSILON, "training"), rises, "yes", 1),
        _trend("Does the bias intervention shorten it (training loss)?", of(BIAS, "training"), falls, "yes", -1),
        _trend("Does the bias intervention shorten it (unseen loss)?", of(BIAS, "unseen"), falls, "yes", -1),
        _trend("Does Muon shorten it?", of(OPTIMISER, "training"), falls, "", -1),
        _trend("Do labels in values shorten it?", of(PATH, "training"), falls, "", -1),
    ]
    found = [finding for finding in questions if finding is not None]
    return [*found, *find_joint(table), *_why(table)]


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
    text = ", ".join(f"{row['value']}: {steps_of(row)}" for _, row in rows.iterrows()) + " steps" + more(rows)
    if len(rows) > 2 and rows["plateau"].nunique() > 1 and rows["ended"].all():
        order = float(spearmanr(range(len(rows)), rows["plateau"]).statistic)
        text += f"; rank correlation of value and length: {order:.2f}"
    number = None
    if len(rows) > 1:
        longer, other = (rows.iloc[-1], rows.iloc[0]) if sign > 0 else (rows.iloc[0], rows.iloc[-1])
        ratio = ratio_of(longer, other)
        number = ratio.number
        text += f"; the ratio is {ratio.bound}" if ratio.bound else ""
    return Finding(question, text, _MEDIAN + rule, paper, number, LONGER if paper else None)


def _power_law(rows: pd.DataFrame) -> str:
    known = rows[rows["ended"] & (rows["value"] != UNLIMITED)]
    if len(known) < 3 or known["plateau"].nunique() == 1:
        return ""
    x, y = np.log(known["value"].astype(float)), np.log(known["plateau"])
    exponent = float(np.polyfit(x, y, 1)[0])
    of = "" if rows["ended"].all() else f" of the {len(known)} batches whose plateaus ended"
    return f"; best fitting power law{of}: batch^{exponent:.2f} (r = {float(np.corrcoef(x, y)[0, 1]):.2f})"


_WHY_RULE = (
    "the share of Adam's step that epsilon leaves is root / (root + epsilon), where root is the root of the second "
    "moment of a parameter's gradient; mean over a layer's parameters. *Before* is the second step, *on* is half way "
    "through the plateau of the training loss, *after* is twice its length or the end of the run. Only runs whose "
    "plateau ended count. Epsilon explains a longer plateau if it leaves less than "
)
_KEPT = 0.8


def _why(table: pd.DataFrame) -> list[Finding]:
    layers = table[table["loss"] == LAYERS]
    if layers.empty:
        return []
    base = layers["epsilon"].min()
    smallest = layers[layers["epsilon"] == base]
    texts = []
    for layer, rows in smallest.groupby("layer", sort=False):
        phases = rows.groupby("phase")[["gradient", "root_second_moment"]].mean()
        numbers = [
            f"{phases.loc[phase, 'gradient']:.1e} ({phases.loc[phase, 'root_second_moment']:.1e})"
            for phase in PHASES
            if phase in phases.index
        ]
        texts.append(f"{layer}: {', '.join(numbers)}")
    lengths = table[(table["axis"] == EPSILON) & (table["loss"] == "training")]
    all_runs = lengths.groupby("epsilon").size()
    known = lengths[lengths["ended"].astype(bool)].groupby("epsilon")["plateau"].agg(["median", "size"])
    missing = [f"{epsilon:g}" for epsilon in sorted(set(lengths["epsilon"]) - set(known.index))]
    on = layers[layers["phase"] == "on"].groupby(["epsilon", "layer"])["kept"].mean()
    kept = []
    for epsilon, of_layers in on.groupby(level=0):
        name = of_layers.droplevel(0).idxmin()
        length, ended = known.loc[epsilon, "median"], known.loc[epsilon, "size"]
        of = f" in {ended} of {all_runs[epsilon]} runs" if ended < all_runs[epsilon] else ""
        kept.append(f"{epsilon:g}: {of_layers.min():.0%} ({name}), plateau {length:.0f} steps{of}")
    ruled = [f"{epsilon:g}" for epsilon, of_layers in on.groupby(level=0) if of_layers.min() < _KEPT]
    verdict = "Epsilon shortens Adam's steps on the plateau " + (f"from {ruled[0]} on" if ruled else "nowhere")
    if missing:
        verdict += f"; unknown for {', '.join(missing)}, with which the plateau did not end"
    return [
        Finding(
            "What do gradients look like before, on and after the plateau?",
            f"norm of the gradient (root of the second moment), with epsilon {base:g}: " + "; ".join(texts),
            _WHY_RULE + f"{_KEPT:.0%} in some layer.",
        ),
        Finding(
            "Why does a smaller epsilon shorten it?",
            f"{verdict}. Smallest share of the step left in a layer on the plateau, by epsilon: {'; '.join(kept)}",
            _WHY_RULE + f"{_KEPT:.0%} in some layer.",
            "second moments on the plateau are small",
        ),
    ]
