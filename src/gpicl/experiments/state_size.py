"""State size, not parameter count, orders the learners (paper, section 4)."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from gpicl.experiments.comparison.experiment import EXPERIMENT as COMPARISON
from gpicl.experiments.reproduction import Experiment, Finding, Settings, changed, over_seeds
from gpicl.experiments.reproduction.figures import legend_above, panels, per_cent, powers_of_two
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.learners import build_learner
from gpicl.metatesting import PAPER, reference_accuracies
from gpicl.report import COLOURS
from gpicl.runs.planning import sized_for_testing
from gpicl.weights import load_weights

_MEMORIES = (
    "KernelSetTransformer",
    "KernelTransformer",
    "ValueTransformer",
    "TokenTransformer",
    "FastWeightMemory",
    "VSML",
    "OuterProductLSTM",
    "VSMLWithoutSymmetries",
    "LSTM",
)
# What is changed of the comparison's learner.
_VARIATIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "LSTM": ({"hidden": 32}, {"hidden": 64}),
    "OuterProductLSTM": ({"hidden": 8},),
    "FastWeightMemory": ({"size": 4}, {"size": 8}),
    "ValueTransformer": (
        {"layers": 2, "width": 32, "heads": 1, "key_size": 8},
        {"layers": 2, "width": 64, "heads": 2, "key_size": 32},
    ),
    "TokenTransformer": ({"layers": 2, "width": 32, "heads": 1, "key_size": 32},),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: the comparison's learners that have a memory, and others of their kind.

    Those of the comparison are the comparison's own, and are not run again.
    """
    runs = []
    for run in COMPARISON.grid(replace(settings, seeds=settings.seeds or 1)):
        learner = run.config.learner.name
        if learner not in _MEMORIES:
            continue
        for options in ({}, *_variations(settings, learner)):
            config = changed(run.config, {f"learner.options.{name}": value for name, value in options.items()})
            text = ", ".join(f"{name} {value}" for name, value in options.items()) or "comparison's"
            keys: dict[str, Any] = {"learner": learner, "variation": text, "seed": config.training.seed}
            runs.append(SweptRun(config, keys, run.batch))
    return runs


def _variations(settings: Settings, learner: str) -> tuple[dict[str, Any], ...]:
    every = _VARIATIONS.get(learner, ())
    if settings.scale != "smoke":
        return every
    return every[:1] if learner == "LSTM" else ()


_last = accuracies_at(-1)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure accuracy at the last position of every data set.

    Args:
        run: The run.
        folder: Its folder.

    Returns:
        Rows of `accuracies_at`, with `state_size` (numbers) and `parameters`.
    """
    learner = sized_for_testing(load_weights(folder), run.config.testing)
    sizes = {"state_size": learner.state_size(run.config.test_length), "parameters": learner.num_parameters}
    return [{**sizes, **row} for row in _last(run, folder)]


def mean_by_size(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Average over seeds.

    Args:
        table: See `measure`.
        dataset: Which data set.

    Returns:
        One row per learner and size: `learner`, `variation`, `state_size`, `parameters`, `accuracy`, `low`, `high`.
    """
    return over_seeds(table[table["dataset"] == dataset], ["learner", "variation", "state_size", "parameters"])


# The paper's learners, as far as it says how large they were: images of 32x32x3, episodes of 100.
_FEATURES, _CLASSES, _LENGTH = 3072, 10, 100
_PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM": ("LSTM", {"hidden": 256}),
    "GPICL Transformer": ("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
    "VSML": ("VSML", {}),
}


def published_sizes() -> pd.DataFrame:
    """The paper's accuracies with the sizes that its learners have when they are built here.

    Returns:
        One row per learner and data set: `learner` (our name), `dataset`, `accuracy`, `state_size`, `parameters`.
    """
    rows = []
    for published, (name, options) in _PUBLISHED.items():
        learner = build_learner(name, _FEATURES, _CLASSES, **options)
        sizes = {"state_size": learner.state_size(_LENGTH), "parameters": learner.num_parameters}
        for dataset, accuracy in reference_accuracies(PAPER, published).items():
            rows.append({"learner": name, "dataset": dataset, "accuracy": accuracy, **sizes})
    return pd.DataFrame(rows)


_ALL = (
    "Spearman's rank correlation between size and accuracy at the last position on unseen tasks of MNIST, mean over "
    "seeds, over all learners and sizes. Agrees with the paper if that with the state is the larger."
)
_WITHIN = (
    "of the same kind of learner, whether the one with the largest state is better than the one with the smallest."
)
_PAIR = "the best LSTM against the best outer-product LSTM, which has fewer parameters and a larger state."


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say which size orders the learners, and whether a larger state helps within a kind."""
    means = mean_by_size(table, settings.label("mnist"))
    by_state, by_parameters = (_rank_correlation(means, column) for column in ("state_size", "parameters"))
    found = [
        Finding(
            "Which size orders the learners?",
            f"the state: {by_state:.2f}; the parameters: {by_parameters:.2f}",
            _ALL,
            "the state, not the parameters",
            by_state > by_parameters,
        )
    ]
    for learner, rows in means.groupby("learner", sort=False):
        if len(rows) > 1:
            ordered = rows.sort_values("state_size")
            small, large = ordered.iloc[0], ordered.iloc[-1]
            text = ", ".join(f"{row['accuracy']:.1%} ({row['state_size']:,})" for _, row in ordered.iterrows())
            better = bool(large["accuracy"] > small["accuracy"])
            found.append(Finding(f"{learner}: does a larger state help?", text, _WITHIN, "yes", better))
    return [*found, *_pair(means)]


def _rank_correlation(means: pd.DataFrame, column: str) -> float:
    if min(means[column].nunique(), means["accuracy"].nunique()) < 2:
        return float("nan")  # of what does not vary there is no order
    return float(spearmanr(means[column], means["accuracy"]).statistic)


def _pair(means: pd.DataFrame) -> list[Finding]:
    best = {
        str(learner): rows.sort_values("accuracy").iloc[-1]
        for learner, rows in means.groupby("learner")
        if learner in ("LSTM", "OuterProductLSTM")
    }
    if len(best) < 2:
        return []
    texts = [
        f"{name} {row['accuracy']:.1%} (state {row['state_size']:,}, parameters {row['parameters']:,})"
        for name, row in best.items()
    ]
    better = bool(best["OuterProductLSTM"]["accuracy"] > best["LSTM"]["accuracy"])
    return [Finding("Does a larger state beat more parameters?", "; ".join(texts), _PAIR, "yes", better)]


_MARKERS = "osD^vP*X<"  # one more than there are colours, so that a colour that comes again has another
_AXES = {"state_size": "state size (numbers)", "parameters": "parameters"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by state size, and by number of parameters; a marker per learner, the paper's hollow."""
    means = mean_by_size(table, settings.label("mnist"))
    paper = published_sizes()
    paper = paper[paper["dataset"] == "mnist"]
    with panels(2, 2.9) as (figure, places):
        for axes, (column, label) in zip(places[0], _AXES.items(), strict=True):
            for i, learner in enumerate(dict.fromkeys(means["learner"])):
                style: dict[str, Any] = {
                    "color": COLOURS[i % len(COLOURS)],
                    "marker": _MARKERS[i % len(_MARKERS)],
                    "linestyle": ("-", "--")[i // len(COLOURS) % 2],
                }
                _learner(axes, means[means["learner"] == learner].sort_values(column), column, str(learner), style)
                published = paper[paper["learner"] == learner]
                hollow = style | {"linestyle": "", "markerfacecolor": "none"}
                axes.plot(published[column], published["accuracy"], **hollow)
            powers_of_two(axes, label)
            per_cent(axes, f"accuracy, unseen {settings.label('mnist')}" if axes is places[0, 0] else "")
            axes.set_ylim(0, 1)
        legend_above(figure, 4, "hollow: paper, at 32x32x3")
    return figure


def _learner(axes: Axes, rows: pd.DataFrame, column: str, label: str, style: dict[str, Any]) -> None:
    errors = [rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]
    axes.errorbar(rows[column], rows["accuracy"], yerr=errors, label=label, linewidth=1, elinewidth=0.8, **style)


EXPERIMENT = Experiment(
    name="state-size",
    title="State size: what a learner can carry from one example to the next",
    question=(
        "Is it the number of parameters that makes an in-context learner, or the size of the state that carries the "
        "past from one example to the next? Every learner with a memory, as the comparison meta-trains it, and "
        "smaller ones of the same kind. A Transformer's state are the keys and values of all layers and positions, "
        "an LSTM's its hidden and cell state, an outer-product LSTM's its matrix. The KernelSetTransformer's are the "
        "inputs, keys and values of all examples; it is not carried on but read again, as a set, whenever there is "
        "one example more. Learners differ in images, features and steps, each having those with which it fits a "
        "laptop; so compare within a kind first."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
