"""What the table of the plateau shows."""

from collections.abc import Callable
from itertools import combinations
from math import inf, log2
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from gpicl.experiments.plateau.grid import (
    BATCH,
    BIAS,
    BIAS_ALONE,
    DIVERSITY,
    EPSILON,
    INTERACTION,
    NO_CONTEXT,
    OPTIMISER,
    PATH,
    TASKS,
    UNLIMITED,
)
from gpicl.experiments.plateau.layers import PHASES
from gpicl.experiments.plateau.length import LAYERS, LOSSES, RULE
from gpicl.experiments.reproduction import Finding, Reference, Settings


def mean_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Compute the median over seeds, and the range.

    WHY not a mean with its interval: a plateau that never ended has no length to average.

    Args:
        table: See `measure`.

    Returns:
        One row per `axis`, `value` and `loss`: `plateau` (median), `shortest`, `longest`, `ended` (whether the median
        is known).
    """
    lengths = table[table["loss"] != LAYERS].sort_values("plateau", kind="stable")
    order = list(dict.fromkeys(zip(*(table[name] for name in ("axis", "value", "loss")), strict=True)))
    means = lengths.groupby(["axis", "value", "loss"], sort=False).agg(
        plateau=("plateau", "median"),
        shortest=("plateau", "min"),
        longest=("plateau", "max"),
        # A longer plateau that has not ended does not change the median.
        ended=("ended", lambda ended: bool(ended.iloc[: len(ended) // 2 + 1].all())),
    )
    return means.reindex([key for key in order if key in means.index]).reset_index()


# Two seeds may differ by this factor by chance.
_FACTOR = 1.25
_LONGER = Reference(1.0, _FACTOR, inf)
_MEDIAN = f"{RULE} Median over seeds; > marks a plateau that did not end. "
_ENDS = "The number is the plateau of the {} value divided by that of the {}; 1 means no effect."
_UNKNOWN = (
    " A plateau that has not ended makes it a bound; there is no number if the bound does not decide the verdict. The "
    "rank correlation is given if all plateaus ended."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report what lengthens the plateau, what shortens it, and why."""
    means = mean_lengths(table)

    def of(axis: str, loss: str) -> pd.DataFrame:
        return means[(means["axis"] == axis) & (means["loss"] == loss)]

    falls, rises = _ENDS.format("first", "last") + _UNKNOWN, _ENDS.format("last", "first") + _UNKNOWN
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
    return [*found, *_interactions(table), *_bias(table), *_without_context(table), *_diversity(table), *_why(table)]


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
    text = ", ".join(f"{row['value']}: {_steps(row)}" for _, row in rows.iterrows()) + " steps" + more(rows)
    if len(rows) > 2 and rows["plateau"].nunique() > 1 and rows["ended"].all():
        order = float(spearmanr(range(len(rows)), rows["plateau"]).statistic)
        text += f"; rank correlation of value and length: {order:.2f}"
    ratio = None
    if len(rows) > 1:
        longer, other = (rows.iloc[-1], rows.iloc[0]) if sign > 0 else (rows.iloc[0], rows.iloc[-1])
        ratio = _ratio(longer, other)
    return Finding(question, text, _MEDIAN + rule, paper, ratio, _LONGER if paper else None)


def _steps(row: "pd.Series[Any]") -> str:
    return f"{'' if row['ended'] else '> '}{row['plateau']:.0f}"


def _ratio(longer: "pd.Series[Any]", other: "pd.Series[Any]") -> float | None:
    """One plateau divided by another; None if one has not ended and the bound does not decide the verdict."""
    ratio = float(longer["plateau"] / other["plateau"])
    if longer["ended"] and other["ended"]:
        return ratio
    if other["ended"]:  # the ratio is at least this
        return ratio if ratio >= _FACTOR else None
    if longer["ended"]:  # the ratio is at most this
        return ratio if ratio < _FACTOR else None
    return None


def _power_law(rows: pd.DataFrame) -> str:
    known = rows[rows["ended"] & (rows["value"] != UNLIMITED)]
    if len(known) < 3 or known["plateau"].nunique() == 1:
        return ""
    x, y = np.log(known["value"].astype(float)), np.log(known["plateau"])
    exponent = float(np.polyfit(x, y, 1)[0])
    of = "" if rows["ended"].all() else f" of the {len(known)} batches whose plateaus ended"
    return f"; best fitting power law{of}: batch^{exponent:.2f} (r = {float(np.corrcoef(x, y)[0, 1]):.2f})"


_FACTORS = {"batch": "task batch", "num_tasks": "number of tasks", "epsilon": "epsilon", "bias": "bias intervention"}
_FACTORIAL = (
    f"{RULE} Two values of each of four factors, in all combinations. An effect is the ratio of the plateau's "
    "geometric mean with the second value to that with the first, over all values of the other three. An interaction "
    "of two factors is the square root of the ratio of one's effect with the other's second value to that with its "
    f"first; 1 means that their effects multiply. It counts from {_FACTOR} or 1/{_FACTOR} on. Plateaus that did not "
    "end count with the length of their run; if they are more than a quarter, no effects are given."
)


def _interactions(table: pd.DataFrame) -> list[Finding]:
    found = []
    for loss in LOSSES:
        rows = table[(table["axis"] == INTERACTION) & (table["loss"] == loss)]
        levels = {name: list(dict.fromkeys(rows[name])) for name in _FACTORS} if len(rows) else {}
        varied = {name: values for name, values in levels.items() if len(values) == 2}
        if len(varied) < 2 or rows.groupby(list(varied)).ngroups < 2 ** len(varied):
            continue  # some of its runs failed
        signs = {name: np.where(rows[name] == values[1], 1.0, -1.0) for name, values in varied.items()}
        logs = np.log2(rows["plateau"].to_numpy(dtype=float))
        effects = [f"{_FACTORS[n]} {varied[n][0]} to {varied[n][1]}: x{_effect(logs, signs[n]):.2f}" for n in varied]
        pairs = {
            f"{_FACTORS[a]} and {_FACTORS[b]}": _effect(logs, signs[a] * signs[b]) for a, b in combinations(varied, 2)
        }
        large = [f"{pair} x{value:.2f}" for pair, value in pairs.items() if abs(log2(value)) >= log2(_FACTOR)]
        censored = int((~rows["ended"].astype(bool)).sum())
        text = f"{censored} of {len(rows)} plateaus did not end."
        if censored <= len(rows) / 4:
            text = f"{'; '.join(effects)}. Interactions: {', '.join(large) or 'none'}. {text}"
        question = f"Do batch, tasks, epsilon and bias interact ({loss} loss)?"
        found.append(Finding(question, text, _FACTORIAL))
    return found


def _effect(logs: np.ndarray, signs: np.ndarray) -> float:
    return float(2 ** (logs[signs > 0].mean() - logs[signs < 0].mean()))


_BIAS_RULE = (
    f"{RULE} For every combination of the other settings, the plateau without bias divided by that with 90 % bias. "
    "The number is the median of those ratios. A plateau that has not ended makes a ratio a bound; a bound that does "
    "not decide the verdict counts as unknown."
)


def _bias(table: pd.DataFrame) -> list[Finding]:
    others = ["repetition", "optimiser", "width", "features"]
    found = []
    for loss in LOSSES:
        rows = table[(table["axis"] == BIAS_ALONE) & (table["loss"] == loss)]
        texts, ratios = [], []
        for keys, pair in rows.groupby(others, sort=False, dropna=False) if len(rows) else ():
            ordered = pair.sort_values("bias", ascending=False)
            if len(ordered) < 2:
                continue
            without, biased = ordered.iloc[0], ordered.iloc[-1]
            repetition, optimiser, width, _ = keys
            name = f"{'with' if repetition else 'without'} repetitions, {optimiser}, width {width}"
            texts.append(f"{name}: {_steps(without)} without bias, {_steps(biased)} with it")
            ratio = _ratio(without, biased)
            if ratio is not None:
                ratios.append(ratio)
        if texts:
            ours = float(np.median(ratios)) if ratios else None
            question = f"When does the bias intervention shorten it ({loss} loss)?"
            shorter = sum(ratio >= _FACTOR for ratio in ratios)
            unknown = f", {len(texts) - len(ratios)} more unknown" if len(ratios) < len(texts) else ""
            text = f"in {shorter} of {len(ratios)} cases{unknown}: {'; '.join(texts)}"
            found.append(Finding(question, text, _BIAS_RULE, "it shortens it", ours, _LONGER))
    return found


_NO_CONTEXT = (
    "an MLP that sees one input and no context is meta-trained on the same tasks. The number is its lowest training "
    "loss (mean over 5 logged steps) as a share of ln C. Below 1, biased labels can be guessed without the context, so "
    "the training loss falls without in-context learning; the loss on unseen tasks, which have no bias, does not."
)


def _without_context(table: pd.DataFrame) -> list[Finding]:
    rows = table[(table["axis"] == NO_CONTEXT) & (table["loss"] == "training")]
    if rows.empty:
        return []
    text = "; ".join(
        f"{'all' if pd.isna(row['features']) else int(row['features'])} features, {1 - row['bias']:.0%} bias: "
        f"{row['lowest']:.1%}"
        for _, row in rows.iterrows()
    )
    return [Finding("How far does the loss fall on biased tasks without any context?", text, _NO_CONTEXT)]


_KINDS_RULE = (
    f"{RULE} The unseen loss is always measured on plain tasks. The number is the plateau with one kind of tasks "
    "divided by that with four, median over numbers of tasks."
)
_NUMBER_RULE = f"{RULE} The number is the plateau with the largest number of tasks divided by that with the smallest."


def _diversity(table: pd.DataFrame) -> list[Finding]:
    rows = table[table["axis"] == DIVERSITY]
    if rows.empty:
        return []
    unseen = rows[rows["loss"] == "unseen"]
    numbers = list(dict.fromkeys(rows["num_tasks"]))
    texts = []
    for kinds, some in unseen.groupby("kinds", sort=False):
        each = ", ".join(f"{row['num_tasks']} tasks {_steps(row)}" for _, row in some.iterrows())
        texts.append(f"{kinds}: {each}")
    ratios = []
    for number in numbers:
        one, four = (unseen[(unseen["kinds"] == k) & (unseen["num_tasks"] == number)] for k in ("images", "four kinds"))
        ratio = _ratio(one.iloc[0], four.iloc[0]) if len(one) and len(four) else None
        if ratio is not None:
            ratios.append(ratio)
    ours = float(np.median(ratios)) if ratios else None
    found = [
        Finding(
            "Do more kinds of tasks shorten it (unseen loss)?",
            "; ".join(texts),
            _KINDS_RULE,
            "another paper, Kim et al. (arXiv 2410.05448): diverse kinds shorten it",
            ours,
            _LONGER,
        )
    ]
    for loss in LOSSES:
        plain = rows[(rows["loss"] == loss) & (rows["kinds"] == "images")]
        if len(plain) > 1:
            text = ", ".join(f"{row['num_tasks']}: {_steps(row)}" for _, row in plain.iterrows()) + " steps"
            question = f"Do more tasks of one kind lengthen it ({loss} loss)?"
            ratio = _ratio(plain.iloc[-1], plain.iloc[0])
            found.append(Finding(question, text, _NUMBER_RULE, "more tasks lengthen it", ratio, _LONGER))
    return found


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
    known = lengths[lengths["ended"].astype(bool)].groupby("epsilon")["plateau"].median()
    missing = [f"{epsilon:g}" for epsilon in sorted(set(lengths["epsilon"]) - set(known.index))]
    on = layers[layers["phase"] == "on"].groupby(["epsilon", "layer"])["kept"].mean()
    kept = []
    for epsilon, of_layers in on.groupby(level=0):
        name = of_layers.droplevel(0).idxmin()
        kept.append(f"{epsilon:g}: {of_layers.min():.0%} ({name}), plateau {known[epsilon]:.0f} steps")
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
