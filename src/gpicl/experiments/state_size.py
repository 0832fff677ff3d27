"""State size, not parameter count, orders the learners (paper, section 4)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from gpicl.experiments.reproduction import (
    Difference,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    points,
)
from gpicl.experiments.reproduction.figures import legend_above, panels, per_cent, powers_of_two
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.learners import build_learner
from gpicl.metatesting import PAPER, reference_accuracies
from gpicl.metatraining import LearnerConfig, TaskConfig, TrainingConfig
from gpicl.report import COLOURS
from gpicl.runs.planning import sized_for_testing
from gpicl.weights import load_weights

STATE, PARAMETERS, PAIR = "state", "parameters", "pair"
"""Groups of runs: the state varies at equal parameters, the parameters vary at equal state, or neither."""

Sizes = dict[str, dict[str, tuple[dict[str, Any], ...]]]


def _transformer(layers: int, *sizes: tuple[int, int]) -> tuple[dict[str, Any], ...]:
    """Options of Transformers with one head, from pairs of key size and width."""
    return tuple({"layers": layers, "width": width, "heads": 1, "key_size": key} for key, width in sizes)


def _outer_product(*sizes: tuple[int, int, int]) -> tuple[dict[str, Any], ...]:
    """Options of outer-product LSTMs. With `heads * hidden` fixed, so are the parameters, whatever the state."""
    return tuple({"heads": heads, "hidden": hidden, "width": width} for heads, hidden, width in sizes)


def _memory(*sizes: tuple[int, int]) -> tuple[dict[str, Any], ...]:
    return tuple({"hidden": hidden, "size": size} for hidden, size in sizes)


_LAPTOP_STATE = _transformer(2, (4, 59), (16, 56), (64, 46))
_LAPTOP_PARAMETERS = _transformer(2, (16, 28), (16, 56), (16, 112))
_GPU_STATE = _transformer(4, (8, 134), (32, 128), (128, 107))
_GPU_PARAMETERS = _transformer(4, (32, 64), (32, 128), (32, 256))
_SIZES: dict[str, Sizes] = {
    "smoke": {
        "ValueTransformer": {
            STATE: _transformer(1, (2, 8), (4, 8)),
            PARAMETERS: _transformer(1, (4, 8), (4, 10)),
        },
        "OuterProductLSTM": {STATE: _outer_product((1, 2, 2))},
        "LSTM": {PAIR: ({"hidden": 2},)},
    },
    "laptop": {
        "ValueTransformer": {STATE: _LAPTOP_STATE, PARAMETERS: _LAPTOP_PARAMETERS},
        "TokenTransformer": {STATE: _LAPTOP_STATE, PARAMETERS: _LAPTOP_PARAMETERS},
        "FastWeightMemory": {
            STATE: _memory((67, 4), (64, 8), (59, 16)),
            PARAMETERS: _memory((32, 16), (59, 16), (128, 16)),
        },
        "OuterProductLSTM": {
            STATE: _outer_product((16, 2, 32), (4, 8, 32), (1, 32, 32)),
            PARAMETERS: _outer_product((4, 8, 8), (4, 8, 32), (4, 8, 128)),
        },
        # One has as many parameters as the outer-product LSTMs above, the other as large a state as one of them.
        "LSTM": {PAIR: ({"hidden": 44}, {"hidden": 144})},
    },
    "gpu": {
        "ValueTransformer": {STATE: _GPU_STATE, PARAMETERS: _GPU_PARAMETERS},
        "TokenTransformer": {STATE: _GPU_STATE, PARAMETERS: _GPU_PARAMETERS},
        "FastWeightMemory": {
            STATE: _memory((134, 4), (132, 8), (123, 24)),
            PARAMETERS: _memory((64, 24), (123, 24), (256, 24)),
        },
        "OuterProductLSTM": {
            STATE: _outer_product((32, 2, 64), (8, 8, 64), (1, 64, 64)),
            PARAMETERS: _outer_product((8, 8, 16), (8, 8, 64), (8, 8, 256)),
        },
        "LSTM": {PAIR: ({"hidden": 87}, {"hidden": 288})},
    },
}

# All learners have the same tasks. So that recurrent ones with a small state can learn too, episodes begin with few
# repeated images and get more and more of them (docs/lab-notebook.md).
_TASKS = TaskConfig(
    permutation_probability=0.1,
    repetition_probability=1.0,
    first_repeated_images=2,
    repeated_images=16,
)
# Muon's rate by learner: at the rate of the others the outer-product LSTM stays on its plateau.
_RATES = {
    "ValueTransformer": 0.01,
    "TokenTransformer": 0.01,
    "FastWeightMemory": 0.005,
    "OuterProductLSTM": 0.005,
    "LSTM": 0.02,
}
_SCALES = {
    "smoke": Scale(),
    "laptop": Scale(
        {
            "tasks": replace(_TASKS, length=32, num_features=8, num_classes=5, anneal_steps=2000),
            "training": TrainingConfig(steps=3000, batch=32, learning_rate=0.003),
            "testing.episodes": 1024,
        },
        seeds=3,
    ),
    "gpu": Scale(
        {
            "data.size": 14,
            "data.channels": 1,
            "tasks": replace(_TASKS, num_features=64, repeated_images=20, anneal_steps=6000),
            "training": TrainingConfig(steps=10_000, batch=64, learning_rate=0.003),
            "testing.episodes": 2048,
        },
        seeds=3,
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learners x sizes x seeds. A size in both groups is run once."""
    scale = _SCALES[settings.scale]
    length = scale.base(settings.scale).tasks.length
    return lay_out(settings, scale, _places(_SIZES[settings.scale], length))


def _places(sizes: Sizes, length: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for learner, groups in sizes.items():
        for varied, every in groups.items():
            for options in every:
                text = ", ".join(f"{name} {value}" for name, value in options.items())
                own = {"max_length": length} if learner == "TokenTransformer" else {}
                changes: dict[str, Any] = {"learner": LearnerConfig(learner, {**options, **own})}
                changes["training.matrix_learning_rate"] = _RATES[learner]
                yield {"learner": learner, "varied": varied, "sizes": text}, changes


_last = accuracies_at(-1)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure accuracy at the last position of every data set.

    Args:
        run: A finished run.
        folder: Folder of the run.

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
        dataset: Label of the data set.

    Returns:
        One row per learner, group and size: `learner`, `varied`, `sizes`, `state_size`, `parameters`, `accuracy`, `low`
        and `high`.
    """
    return over_seeds(table[table["dataset"] == dataset], ["learner", "varied", "sizes", "state_size", "parameters"])


# The paper's learners whose size it gives: images of 32x32x3, episodes of 100.
_FEATURES, _CLASSES, _LENGTH = 3072, 10, 100
_PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM": ("LSTM", {"hidden": 256}),
    "GPICL Transformer": ("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
    "VSML": ("VSML", {}),
}


def published_sizes() -> pd.DataFrame:
    """The paper's accuracies, with the sizes of its learners as built here.

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


_NEARER = (
    "the end of its 95 % interval over seeds (Student's t) that is nearer to zero, or the difference itself with one "
    "seed; there is no number if the interval holds zero"
)
_GAIN = (
    "gain per doubling of the accuracy at the last position on unseen tasks: the slope of a line through one seed's "
    "accuracies against log2 of the size; mean over seeds, and 95 % interval by Student's t. "
)
_BOTH = (
    f"{_GAIN}The number is the gain per doubling of the state at equal parameters minus that per doubling of the "
    f"parameters at equal state: {_NEARER}."
)
_ALL = (
    "Spearman's rank correlation between size and accuracy at the last position on unseen tasks, mean over seeds, over "
    "all learners and sizes. The number is 1 + the correlation with the state minus that with the parameters: "
    f"{_NEARER}."
)
_PAIR = (
    "the best outer-product LSTM that has a larger state than the best LSTM and no more parameters (within 5 %), "
    f"against that LSTM. The number is the difference of their accuracies: {_NEARER}."
)
_MORE, _ORDERS_MORE = Reference(1.0, 1.0, inf, points), Reference(1.0, 1.0, inf)
_SIZE_OF = {STATE: "state_size", PARAMETERS: "parameters"}


def gains(table: pd.DataFrame, learner: str, varied: str) -> "pd.Series[float]":
    """Measure the gain in accuracy per doubling of the size, for every seed.

    Args:
        table: See `measure`; rows of one data set.
        learner: Name of the learner.
        varied: `STATE` or `PARAMETERS`: what is doubled while the other is constant.

    Returns:
        Accuracy (0..1) per doubling, by seed; empty if there is only one size.
    """
    rows = table[(table["learner"] == learner) & (table["varied"] == varied)]
    slopes = {}
    for seed, of_seed in rows.groupby("seed"):
        if of_seed[_SIZE_OF[varied]].nunique() > 1:
            x = np.log2(of_seed[_SIZE_OF[varied]].to_numpy(dtype=float))
            slopes[seed] = float(np.polyfit(x, of_seed["accuracy"].to_numpy(dtype=float), 1)[0])
    return pd.Series(slopes, dtype=float)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report the gains from a larger state and from more parameters, and which size orders the learners."""
    table = table[table["dataset"] == settings.label("mnist")]
    means = mean_by_size(table, settings.label("mnist"))
    found = []
    for learner in dict.fromkeys(table["learner"]):
        slopes = {varied: gains(table, str(learner), varied) for varied in _SIZE_OF}
        if any(of_seeds.empty for of_seeds in slopes.values()):
            continue
        texts = []
        for varied, name in ((STATE, "the state"), (PARAMETERS, "the parameters")):
            rows = means[(means["learner"] == learner) & (means["varied"] == varied)].sort_values(_SIZE_OF[varied])
            each = ", ".join(f"{row['accuracy']:.1%} ({row[_SIZE_OF[varied]]:,})" for _, row in rows.iterrows())
            slope = Difference.of(slopes[varied])
            texts.append(f"{name}, {'unknown' if slope is None else slope.text} per doubling: {each}")
        ours = _number(slopes[STATE] - slopes[PARAMETERS])
        question = f"{learner}: what helps more, a larger state or more parameters?"
        found.append(Finding(question, "; ".join(texts), _BOTH, "a larger state", ours, _MORE))
    seeds = dict(iter(table.drop_duplicates(["learner", "state_size", "parameters", "seed"]).groupby("seed")))
    by_state, by_parameters = (
        pd.Series({seed: _rank_correlation(rows, size) for seed, rows in seeds.items()}) for size in _SIZE_OF.values()
    )
    text = f"the state: {by_state.mean():.2f}; the parameters: {by_parameters.mean():.2f}"
    ours = _number(by_state - by_parameters)
    question = "Which size orders all learners?"
    found.append(Finding(question, text, _ALL, "the state, not the parameters", ours, _ORDERS_MORE))
    return [*found, *_pair(table, means)]


def _number(differences: "pd.Series[Any]") -> float | None:
    difference = Difference.of(differences)
    return None if difference is None else difference.number


def _rank_correlation(means: pd.DataFrame, column: str) -> float:
    if min(means[column].nunique(), means["accuracy"].nunique()) < 2:
        return float("nan")  # values that do not vary have no order
    return float(spearmanr(means[column], means["accuracy"]).statistic)


def _pair(table: pd.DataFrame, means: pd.DataFrame) -> list[Finding]:
    lstms, others = (means[means["learner"] == name] for name in ("LSTM", "OuterProductLSTM"))
    if lstms.empty:
        return []
    lstm = lstms.sort_values("accuracy").iloc[-1]
    larger = others[(others["state_size"] > lstm["state_size"]) & (others["parameters"] <= 1.05 * lstm["parameters"])]
    if larger.empty:
        return []
    other = larger.sort_values("accuracy").iloc[-1]
    texts = [
        f"{row['learner']} {row['accuracy']:.1%} (state {row['state_size']:,}, parameters {row['parameters']:,})"
        for row in (lstm, other)
    ]
    ours = _number(_by_seed(table, other) - _by_seed(table, lstm))
    return [Finding("Does a larger state beat more parameters?", "; ".join(texts), _PAIR, "yes", ours, _MORE)]


def _by_seed(table: pd.DataFrame, row: "pd.Series[Any]") -> "pd.Series[float]":
    keys = ["learner", "state_size", "parameters"]
    rows = table[(table[keys] == row[keys]).all(axis=1)].drop_duplicates("seed")
    return rows.set_index("seed")["accuracy"].astype(float)


_MARKERS = "osD^vP*X<"  # one more than there are colours, so a repeated colour has another marker
_AXES = {STATE: "state size, equal parameters", PARAMETERS: "parameters, equal state"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by state size at equal parameters, by parameters at equal state, and the paper's by state size."""
    means = mean_by_size(table, settings.label("mnist"))
    paper = published_sizes()
    paper = paper[paper["dataset"] == "mnist"]
    with panels(3, 2.9) as (figure, places):
        learners = list(dict.fromkeys(means["learner"]))
        styles: dict[str, dict[str, Any]] = {
            learner: {"color": COLOURS[i % len(COLOURS)], "marker": _MARKERS[i % len(_MARKERS)]}
            for i, learner in enumerate(learners)
        }
        for axes, varied, other in zip(places[0], (STATE, PARAMETERS), (PARAMETERS, STATE), strict=False):
            for learner, style in styles.items():
                rows = means[(means["learner"] == learner) & (means["varied"] != other)].sort_values(_SIZE_OF[varied])
                line = "none" if (rows["varied"] == PAIR).any() else "-"  # the LSTM's two sizes differ in both
                _learner(axes, rows, _SIZE_OF[varied], learner, {**style, "linestyle": line})
            powers_of_two(axes, _AXES[varied])
            per_cent(axes, f"accuracy, unseen {settings.label('mnist')}" if axes is places[0, 0] else "", None)
            axes.set_ylim(0, 1)
        for learner, rows in paper.groupby("learner", sort=False):
            style = styles.get(str(learner), {"color": "black", "marker": "x"})
            places[0, 2].plot(rows["state_size"], rows["accuracy"], linestyle="", label=learner, **style)
            place = (rows["state_size"].iloc[0], rows["accuracy"].iloc[0])
            places[0, 2].annotate(str(learner), place, (0, -10), textcoords="offset points", fontsize=6, ha="center")
        places[0, 2].margins(x=0.35, y=0.15)
        powers_of_two(places[0, 2], "state size (numbers)")
        places[0, 2].set_title("the paper, 32x32x3")
        legend_above(figure, 5)
    return figure


def _learner(axes: Axes, rows: pd.DataFrame, column: str, label: str, style: dict[str, Any]) -> None:
    errors = [(rows["accuracy"] - rows["low"]).clip(lower=0), (rows["high"] - rows["accuracy"]).clip(lower=0)]
    axes.errorbar(rows[column], rows["accuracy"], yerr=errors, label=label, linewidth=1, elinewidth=0.8, **style)


EXPERIMENT = Experiment(
    name="state-size",
    title="State size: what a learner carries from one example to the next",
    question=(
        "Which matters more for in-context learning: the number of parameters, or the size of the state that carries "
        "the past from one example to the next? For every learner the state is varied at equal parameters, and the "
        "parameters at equal state (within 5 %). A Transformer's state is the keys and values of all layers and "
        "positions: its key size is traded against its width. An outer-product LSTM's state is the matrices of its "
        "heads: many small heads have as many parameters as one large head. A fast-weight memory's state is its "
        "matrix. An LSTM's state cannot be varied alone: one LSTM has as many parameters as the outer-product LSTMs, "
        "another as large a state as one of them. All learners have the same images, features, tasks and steps."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
