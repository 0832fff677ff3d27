"""What the ablation shows."""

import pandas as pd

from gpicl.experiments.ablation.published import published
from gpicl.experiments.ablation.variants import ALL, FAULTS, NONE, only, without
from gpicl.experiments.reproduction import Finding, Settings, over_seeds
from gpicl.metatesting import EARLIER, PAPER

_MOST = 0.5
_RULE = (
    "accuracy at the last position on unseen tasks of MNIST, mean over seeds. The *shortfall* is what the recipe "
    "without faults has over the one with all of them. A fault *costs* what the recipe without faults loses by it "
    "alone, and *gives back* what the recipe with all faults gains without it."
)

_OTHER_SIZE = (
    "the recipes are the same, sizes and steps are this scale's. Where training ends on the plateau, a fault that only "
    "delays leaving it costs everything; after longer training it may cost little."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say which fault costs how much, and which explain most of the shortfall.

    Args:
        table: Accuracies at the last position.
        settings: Say what the data sets are called.
    """
    means = over_seeds(table[table["dataset"] == settings.label("mnist")], ["learner", "variant"])
    accuracy = {(row["learner"], row["variant"]): float(row["accuracy"]) for _, row in means.iterrows()}
    return [finding for learner in FAULTS for finding in _of_learner(learner, accuracy)]


def _of_learner(learner: str, accuracy: dict[tuple[str, str], float]) -> list[Finding]:
    def known(*names: str) -> bool:
        return all((learner, name) in accuracy for name in names)

    if not known(ALL, NONE):
        return []
    best, worst = accuracy[learner, NONE], accuracy[learner, ALL]
    shortfall, reported = best - worst, published(learner)
    rows = {
        fault: (best - accuracy[learner, only(fault)], accuracy[learner, without(fault)] - worst)
        for fault in FAULTS[learner]
        if known(only(fault), without(fault))
    }
    parts = [f"{name} costs {_points(cost)}, gives back {_points(gain)}" for name, (cost, gain) in _by_cost(rows)]
    most = [name for name, (cost, gain) in _by_cost(rows) if shortfall > 0 and max(cost, gain) >= _MOST * shortfall]
    return [
        Finding(
            f"{learner}: what does each fault cost?",
            f"from {best:.1%} without faults to {worst:.1%} with all of them, a shortfall of {_points(shortfall)}: "
            + "; ".join(parts),
            _RULE,
        ),
        Finding(
            f"{learner}: which faults explain most of it?",
            ", ".join(most) if most else "none alone",
            f"those that cost or give back at least {_MOST:.0%} of the shortfall.",
        ),
        Finding(
            f"{learner}: are both ends where others have them?",
            f"all faults {worst:.1%}, no fault {best:.1%}",
            _OTHER_SIZE,
            f"{reported[PAPER]:.1%}; the earlier reproduction {reported[EARLIER]:.1%}",
        ),
    ]


def _by_cost(rows: dict[str, tuple[float, float]]) -> list[tuple[str, tuple[float, float]]]:
    return sorted(rows.items(), key=lambda row: -row[1][0])


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"
