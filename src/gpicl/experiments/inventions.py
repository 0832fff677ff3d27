"""Which parts of an invented task matter: they are removed one at a time."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.limits import LEARNERS, by_label, of_nothing
from gpicl.experiments.reproduction import OVER_SEEDS, Experiment, Finding, Scale, Settings, lay_out, over_seeds
from gpicl.experiments.reproduction.figures import CHANCE_COLOUR, panels
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.report import COLOURS

TESTED_ON = ("mnist", "fashion_mnist", "digits")
ALL = "all parts"
VARIANTS: dict[str, dict[str, Any]] = {
    ALL: {},
    "one layer": {"layers": 1},
    "no noise": {"noise": 0.0},
    "labels by clusters alone": {"functions": 0.0},
    "labels by functions alone": {"functions": 1.0},
    "one cluster per class": {"clusters": 1},
    "rectifiers alone": {"activations": 1},
}
"""Options of the widening `invention`, by name of the variant."""

_SCALES = {
    "smoke": Scale(axes={"variants": (ALL, "no noise")}),
    "laptop": Scale({**LEARNERS["laptop"], "training.steps": 400}, seeds=3),
    "gpu": Scale({**LEARNERS["gpu"], "training.steps": 2000}, seeds=3),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: variants x seeds. `invention` is the only widening."""
    scale = _SCALES[settings.scale]
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"variant": variant},
            {**of_nothing(scale, settings), "tasks.widen": {"invention": {"probability": 1.0, **options}}},
        )
        for variant, options in VARIANTS.items()
        if variant in scale.axes.get("variants", VARIANTS)
    ]
    return lay_out(settings, scale, places, tested_on=list(by_label(settings, TESTED_ON).values()))


_RULE = (
    "accuracy after 99 examples of unseen tasks minus that with all parts at the same seed, on the same episodes; mean "
    "and 95 % interval over seeds (Student's t)."
)
_ENDS = f"accuracy after 99 examples of unseen tasks; {OVER_SEEDS}."
_CLEAR = "the 95 % interval of the difference excludes zero; of twenty such intervals one does so by chance."


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """Compute the difference of every variant to the one with all parts.

    Args:
        table: Accuracies at the last position.

    Returns:
        One row per variant and data set: `variant`, `dataset`, `difference`, `low`, `high`, `seeds`.
    """
    whole = table[table["variant"] == ALL][["dataset", "seed", "accuracy"]]
    pairs = table.merge(whole, on=["dataset", "seed"], suffixes=("", "_of_all"))
    pairs["difference"] = pairs["accuracy"] - pairs["accuracy_of_all"]
    return over_seeds(pairs[pairs["variant"] != ALL], ["variant", "dataset"], "difference")


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report the accuracy with all parts, and the difference that each part makes."""
    means = over_seeds(table[table["variant"] == ALL], ["dataset"])
    ends = [
        f"{row['dataset']} {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})" for _, row in means.iterrows()
    ]
    text = "; ".join(ends) or f"unknown, because the runs with {ALL} failed, and nothing can be compared with them"
    found = [Finding("What accuracy do inventions give?", text, _ENDS)]
    gaps = differences(table)
    if (gaps["seeds"] > 1).any():
        found.append(Finding("Which parts matter?", _clear(gaps), _CLEAR))
    for variant in VARIANTS:
        rows = gaps[gaps["variant"] == variant]
        texts = [
            f"{row['dataset']} {100 * row['difference']:+.1f} points"
            + (f" ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})" if row["seeds"] > 1 else "")
            for _, row in rows.iterrows()
        ]
        if texts:
            found.append(Finding(f"What does it change: {variant}?", "; ".join(texts), _RULE))
    return found


def _clear(gaps: pd.DataFrame) -> str:
    gaps = gaps[gaps["seeds"] > 1]
    clear = gaps[(gaps["low"] > 0) | (gaps["high"] < 0)]
    texts = [f"{row['variant']} on {row['dataset']}" for _, row in clear.iterrows()]
    return f"{len(clear)} of {len(gaps)} differences are clearly not zero" + (f": {', '.join(texts)}" if texts else "")


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the difference of every variant to the one with all parts, one panel per data set."""
    gaps = differences(table)
    means = over_seeds(table[table["variant"] == ALL], ["dataset"]).set_index("dataset")["accuracy"]
    labels = list(by_label(settings, TESTED_ON))
    names = [variant for variant in VARIANTS if variant in set(gaps["variant"])][::-1]
    with panels(len(labels), 2.6, share="xy") as (figure, places):
        for axes, colour, label in zip(places[0], COLOURS, labels, strict=False):
            rows = gaps[gaps["dataset"] == label]
            heights = [names.index(variant) for variant in rows["variant"]]
            axes.hlines(heights, 100 * rows["low"], 100 * rows["high"], color=colour, linewidth=1.2)
            axes.plot(100 * rows["difference"], heights, "o", color=colour)
            axes.axvline(0, color=CHANCE_COLOUR, linestyle=":", linewidth=1)
            title = f"{label}, {ALL}: {means[label]:.1%}" if label in means else label
            axes.set(title=title, xlabel="difference in points")
            axes.set_yticks(range(len(names)), names)
    return figure


EXPERIMENT = Experiment(
    name="inventions",
    title="Inventions: which parts matter?",
    question=(
        "A learner can be meta-trained on invented tasks alone, without a single image. Which parts of an invention "
        "make that work? Each part is removed alone, and the learner is tested on images: one random layer instead of "
        "one to three; no noise; labels by clusters alone, or by random functions alone, instead of a mixture; one "
        "cluster per class instead of one to four; rectifiers instead of five kinds of units. There is no other "
        "widening of the tasks. The figure shows differences to the learner with all parts."
    ),
    grid=grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
