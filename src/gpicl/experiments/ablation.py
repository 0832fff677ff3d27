"""The earlier reproduction's recipe, with its faults removed one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from gpicl.experiments.reproduction import Experiment, Finding, Scale, Settings, changed, lay_out, over_seeds
from gpicl.experiments.reproduction.figures import CHANCE_COLOUR, legend_above, panels
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatesting import EARLIER, PAPER, reference_accuracies, reference_name
from gpicl.metatraining import DataConfig, LearnerConfig
from gpicl.report import COLOURS

SCALE = "projection 1/N"
NORMALISATION = "columns normalised"
HEAD = "one head"
PLATEAU = "no intervention"
TASKS = "2^15 tasks"
RELU = "ReLU on logits"

TRANSFORMER, MLP = "Transformer", "MLP (SGD)"
FAULTS = {
    TRANSFORMER: (SCALE, NORMALISATION, HEAD, PLATEAU, TASKS),
    MLP: (SCALE, NORMALISATION, RELU),
}
ALL, NONE = "all faults", "no fault"


def variants(learner: str) -> Iterator[tuple[str, frozenset[str]]]:
    """List the variants of a learner with their faults.

    Args:
        learner: One of `FAULTS`.

    Yields:
        Name and faults of each variant: all faults; all but one, for each fault; none; one alone, for each fault.
    """
    faults = FAULTS[learner]
    yield ALL, frozenset(faults)
    for fault in faults:
        yield without(fault), frozenset(faults) - {fault}
    yield NONE, frozenset()
    for fault in faults:
        yield only(fault), frozenset({fault})


def without(fault: str) -> str:
    """Name the variant that has all faults except one."""
    return f"all but: {fault}"


def only(fault: str) -> str:
    """Name the variant that has only one fault."""
    return f"only: {fault}"


_FEW = 2**15
# Options by learner; `help` holds the interventions against the plateau; `num_tasks` is used where tasks are not few.
_SCALES = {
    "smoke": Scale(
        axes={
            TRANSFORMER: {"layers": 1, "width": 8, "heads": 2, "key_size": 4, "max_length": 12},
            MLP: {"depth": 1, "width": 4},
            "help": {"permutation_probability": 0.1, "repetition_probability": 0.5, "anneal_steps": 1},
            "num_tasks": None,
        },
    ),
    "laptop": Scale(
        {"training.steps": 1600},
        seeds=2,
        axes={
            TRANSFORMER: {"layers": 3, "width": 64, "heads": 2, "key_size": 32},
            MLP: {"depth": 2, "width": 64},
            "help": {"permutation_probability": 0.1, "repetition_probability": 0.5, "anneal_steps": 1000},
            "num_tasks": None,
        },
    ),
    "gpu": Scale(
        {"data": DataConfig(size=28), "training.batch": 128, "training.steps": 15_000},
        seeds=3,
        axes={
            TRANSFORMER: {"layers": 4, "width": 256, "heads": 8, "key_size": 32},
            MLP: {"depth": 2, "width": 256},
            "help": {"permutation_probability": 0.1, "repetition_probability": 0.5, "anneal_steps": 5000},
            "num_tasks": None,
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learners x variants x seeds."""
    scale = _SCALES[settings.scale]
    runs = lay_out(settings, scale, _places(scale.axes), tested_on=("mnist", "fashion_mnist"), measured=10)
    # The MLP is not meta-trained: its seed is that of the network that every episode starts from.
    return [
        replace(run, config=changed(run.config, {"learner.options.seed": run.keys["seed"]}))
        if run.keys["learner"] == MLP
        else run
        for run in runs
    ]


def _places(axes: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for learner in FAULTS:
        for variant, faults in variants(learner):
            options = {**axes[learner], "small": SCALE in faults, "normalised": NORMALISATION in faults}
            changes: dict[str, Any] = {}
            if learner == TRANSFORMER:
                options |= {"heads": 1} if HEAD in faults else {}
                changes["tasks.num_tasks"] = _FEW if TASKS in faults else axes["num_tasks"]
                if PLATEAU not in faults:
                    changes |= {f"tasks.{name}": value for name, value in axes["help"].items()}
            else:
                options["final_relu"] = RELU in faults
            name = {TRANSFORMER: "EarlierTransformer", MLP: "EarlierSGD"}[learner]
            changes["learner"] = LearnerConfig(f"gpicl.experiments.earlier_reproduction.{name}", options)
            yield {"learner": learner, "variant": variant}, changes


_NAMES = {TRANSFORMER: {PAPER: "GPICL Transformer", EARLIER: "GPT"}, MLP: {PAPER: "SGD", EARLIER: "MLP (SGD)"}}


def published(learner: str, label: str) -> dict[str, float]:
    """Look up the accuracies after 99 examples.

    Args:
        learner: One of `FAULTS`.
        label: Data set of meta-training and meta-testing; see `Settings.label`.

    Returns:
        By source: `PAPER` and `EARLIER`. Empty if the data set is not MNIST, on which alone they were meta-trained.
    """
    if reference_name(label) != "mnist":
        return {}
    return {source: reference_accuracies(source, name)["mnist"] for source, name in _NAMES[learner].items()}


_MOST = 0.5
_RULE = (
    "accuracy at the last position on unseen tasks, mean over seeds. The *shortfall* is the accuracy without faults "
    "minus that with all of them. A fault *costs* what adding it alone to the recipe without faults loses, and *gives "
    "back* what removing it from the recipe with all faults gains. A run that is missing leaves its numbers unknown."
)
_OTHER_SIZE = (
    "the recipes are the same; sizes and steps are those of this scale. Where training ends on the plateau, a fault "
    "that only delays leaving it costs everything; after longer training it may cost little."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report the cost of each fault, and which faults explain most of the shortfall."""
    label = settings.label("mnist")
    means = over_seeds(table[table["dataset"] == label], ["learner", "variant"])
    accuracy = {(row["learner"], row["variant"]): float(row["accuracy"]) for _, row in means.iterrows()}
    return [
        finding
        for learner in FAULTS
        for finding in _of_learner(
            {variant: value for (which, variant), value in accuracy.items() if which == learner}, learner, label
        )
    ]


def _of_learner(accuracy: Mapping[str, float], learner: str, label: str) -> list[Finding]:
    question = f"{learner}: what does each fault cost?"
    failed = [name for name in (NONE, ALL) if name not in accuracy]
    if failed:
        return [Finding(question, f"unknown: no run with {' or '.join(failed)}", _RULE)]
    best, worst = accuracy[NONE], accuracy[ALL]
    shortfall, reported = best - worst, published(learner, label)
    # NaN where a run failed.
    rows = [
        (fault, best - accuracy.get(only(fault), nan), accuracy.get(without(fault), nan) - worst)
        for fault in FAULTS[learner]
    ]
    rows.sort(key=lambda row: inf if isnan(row[1]) else -row[1])
    parts = [f"{name} costs {_points(cost)}, gives back {_points(gain)}" for name, cost, gain in rows]
    text = f"on {label} from {best:.1%} without faults to {worst:.1%} with all of them, {_shortfall(shortfall)}: "
    return [
        Finding(question, text + "; ".join(parts), _RULE),
        Finding(
            f"{learner}: which faults explain most of it?",
            _explained(rows, shortfall),
            f"those that cost or give back at least {_MOST:.0%} of the shortfall.",
        ),
        Finding(
            f"{learner}: do both ends match the published accuracies?",
            f"all faults {worst:.1%}, no fault {best:.1%}",
            _OTHER_SIZE,
            f"{reported[PAPER]:.1%}; the earlier reproduction {reported[EARLIER]:.1%}" if reported else "",
        ),
    ]


def _explained(rows: Sequence[tuple[str, float, float]], shortfall: float) -> str:
    if shortfall <= 0:
        return "there is no shortfall to explain"
    most = [name for name, *values in rows if any(value >= _MOST * shortfall for value in values)]
    failed = [name for name, *values in rows if name not in most and any(map(isnan, values))]
    text = ", ".join(most) if most else "none alone"
    return f"{text}; unknown of {', '.join(failed)}" if failed else text


def _shortfall(value: float) -> str:
    return f"a shortfall of {_points(value)}" if value > 0 else f"no shortfall but a gain of {_points(-value)}"


def _points(value: float) -> str:
    return "an unknown amount (a run failed)" if isnan(value) else f"{100 * value:.1f} points"


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the accuracy of every variant, one panel per learner."""
    means = over_seeds(table, ["learner", "variant", "dataset"])
    order = list(dict.fromkeys(zip(table["learner"], table["variant"], strict=True)))
    with panels(len(FAULTS), 3.0, share="x") as (figure, places):
        for axes, learner in zip(places[0], FAULTS, strict=True):
            names = [variant for which, variant in order if which == learner][::-1]
            for colour, marker, role in zip(COLOURS, "oD", ("mnist", "fashion_mnist"), strict=False):
                chosen = means[(means["learner"] == learner) & (means["dataset"] == settings.label(role))]
                heights = [names.index(name) for name in chosen["variant"]]
                axes.hlines(heights, chosen["low"], chosen["high"], color=colour, linewidth=1.2, alpha=0.6)
                axes.plot(chosen["accuracy"], heights, marker, color=colour, label=settings.label(role))
            reported = published(learner, settings.label("mnist"))
            for line, (source, accuracy) in zip(("--", "-."), reported.items(), strict=False):
                axes.axvline(accuracy, color="black", linestyle=line, linewidth=0.8, label=f"{source}, MNIST")
            axes.axvline(0.1, color=CHANCE_COLOUR, linestyle=":", linewidth=1)
            axes.set(title=learner, xlabel="accuracy at the last position", xlim=(0, 1))
            axes.set_yticks(range(len(names)), [name.replace("2^15", "$2^{15}$") for name in names])
            axes.xaxis.set_major_formatter(PercentFormatter(1))
        legend_above(figure)
    return figure


EXPERIMENT = Experiment(
    name="ablation",
    title="Ablation: what cost the earlier reproduction its accuracy",
    question=(
        "An earlier reproduction (Lerostre/gpicl) reached 52.3 % on MNIST where the paper has 73.7 %. Its MLP, trained "
        "by gradient descent on the context, reached 37.1 % where the paper has 70.3 %. Its author could not say why. "
        "This experiment follows its recipe and removes each fault alone (*all but*), and adds each fault alone "
        "(*only*). The faults: projections with standard deviation 1/N instead of 1/sqrt(N); every column of a token "
        "normalised, including those of the label; one attention head; no intervention against the plateau; 2^15 "
        "tasks instead of fresh ones; and, for the MLP, a ReLU on its logits. Two more details of its code are not "
        "followed: it skips the normalisation where a task gives only one sequence, and its MLP has batch "
        "normalisation."
    ),
    grid=grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
