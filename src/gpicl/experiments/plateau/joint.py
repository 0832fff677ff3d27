"""What the grids of the plateau show that change several things together."""

from itertools import combinations
from math import log2

import numpy as np
import pandas as pd

from gpicl.experiments.plateau.bounds import BOUND_RULE, FACTOR, LONGER, median_of, ratio_of, steps_of
from gpicl.experiments.plateau.grid import BIAS_ALONE, DIVERSITY, INTERACTION, NO_CONTEXT
from gpicl.experiments.plateau.length import LOSSES, RULE
from gpicl.experiments.reproduction import Finding


def find_joint(table: pd.DataFrame) -> list[Finding]:
    """Report how factors act together, when bias helps, and what more kinds of tasks do.

    Args:
        table: See `measure`.
    """
    return [*_interactions(table), *_bias(table), *_without_context(table), *_diversity(table)]


_FACTORS = {"batch": "task batch", "num_tasks": "number of tasks", "epsilon": "epsilon", "bias": "bias intervention"}
_FACTORIAL = (
    f"{RULE} Two values of each of four factors, in all combinations. An effect is the ratio of the plateau's "
    "geometric mean with the second value to that with the first, over all values of the other three. An interaction "
    "of two factors is the square root of the ratio of one's effect with the other's second value to that with its "
    f"first; 1 means that their effects multiply. It counts from {FACTOR} or 1/{FACTOR} on. Plateaus that did not "
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
        large = [f"{pair} x{value:.2f}" for pair, value in pairs.items() if abs(log2(value)) >= log2(FACTOR)]
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
    "The number is the median of those ratios. A case is known if it is certain whether its ratio is at "
    f"least {FACTOR}, and counts if it is.{BOUND_RULE}"
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
            texts.append(f"{name}: {steps_of(without)} without bias, {steps_of(biased)} with it")
            ratios.append(ratio_of(without, biased))
        if ratios:
            median = median_of(ratios)
            question = f"When does the bias intervention shorten it ({loss} loss)?"
            known = [ratio.number for ratio in ratios if ratio.number is not None]
            shorter = sum(number >= FACTOR for number in known)
            text = f"in {shorter} of {len(known)} known cases, {len(ratios) - len(known)} unknown: {'; '.join(texts)}"
            text += f"; the median ratio is {median.bound}" if median.bound else ""
            found.append(Finding(question, text, _BIAS_RULE, "it shortens it", median.number, LONGER))
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
    f"divided by that with four, median over numbers of tasks.{BOUND_RULE}"
)
_NUMBER_RULE = (
    f"{RULE} The number is the plateau with the largest number of tasks divided by that with the smallest.{BOUND_RULE}"
)


def _diversity(table: pd.DataFrame) -> list[Finding]:
    rows = table[table["axis"] == DIVERSITY]
    if rows.empty:
        return []
    unseen = rows[rows["loss"] == "unseen"]
    numbers = list(dict.fromkeys(rows["num_tasks"]))
    texts = []
    for kinds, some in unseen.groupby("kinds", sort=False):
        each = ", ".join(f"{row['num_tasks']} tasks {steps_of(row)}" for _, row in some.iterrows())
        texts.append(f"{kinds}: {each}")
    ratios = []
    for number in numbers:
        one, four = (unseen[(unseen["kinds"] == k) & (unseen["num_tasks"] == number)] for k in ("images", "four kinds"))
        if len(one) and len(four):
            ratios.append(ratio_of(one.iloc[0], four.iloc[0]))
    median = median_of(ratios)
    if median.bound:
        texts.append(f"the median ratio is {median.bound}")
    found = [
        Finding(
            "Do more kinds of tasks shorten it (unseen loss)?",
            "; ".join(texts),
            _KINDS_RULE,
            "another paper, Kim et al. (arXiv 2410.05448): diverse kinds shorten it",
            median.number,
            LONGER,
        )
    ]
    for loss in LOSSES:
        plain = rows[(rows["loss"] == loss) & (rows["kinds"] == "images")]
        if len(plain) > 1:
            text = ", ".join(f"{row['num_tasks']}: {steps_of(row)}" for _, row in plain.iterrows()) + " steps"
            question = f"Do more tasks of one kind lengthen it ({loss} loss)?"
            ratio = ratio_of(plain.iloc[-1], plain.iloc[0])
            text += f"; the ratio is {ratio.bound}" if ratio.bound else ""
            found.append(Finding(question, text, _NUMBER_RULE, "more tasks lengthen it", ratio.number, LONGER))
    return found
