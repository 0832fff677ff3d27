"""The transition from memorisation to learning to learn (paper, figure 4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, log2, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.stats import kurtosis as kurtosis_of
from scipy.stats import skew

from gpicl.experiments.reproduction import (
    OFF_THE_PLATEAU,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    percent,
    power_of_two,
)
from gpicl.experiments.reproduction.figures import panels, per_cent, plot_band, powers_of_two
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatraining import LearnerConfig, TaskConfig
from gpicl.report import COLOURS

TOKEN, VALUE = "TokenTransformer", "ValueTransformer"


class Part(NamedTuple):
    """One learner, meta-trained on one data set.

    Attributes:
        learner: Its name.
        trained_on: The data set.
        exponents: Numbers of tasks, as powers of two.
        jump: Those of them that have `jump_seeds` seeds, for the distribution over seeds.
        changes: What is changed of the scale's base run.
    """

    learner: str
    trained_on: str
    exponents: tuple[int, ...]
    jump: tuple[int, ...]
    changes: Mapping[str, Any]


_TOKEN_ON_LAPTOP = {
    "learner": LearnerConfig(TOKEN, {"layers": 3, "width": 64, "heads": 2, "key_size": 32}),
    "training.steps": 1600,
    "training.batch": 64,
    **OFF_THE_PLATEAU,
    "tasks.anneal_steps": 1000,
}
_VALUE_ON_GPU = {
    "learner": LearnerConfig(VALUE, {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
    "tasks": TaskConfig(),
}
_FEWER = (0, 4, 7, 10, 12, 13, 14, 15, 16, 20, 24)

_SCALES = {
    "smoke": Scale(
        seeds=2,
        axes={
            "parts": (Part(VALUE, "mnist", (0, 6), (6,), {}), Part(VALUE, "fashion_mnist", (6,), (), {})),
            "jump_seeds": 4,
        },
    ),
    "laptop": Scale(
        {"training.steps": 1200, "training.batch": 32},
        seeds=2,
        axes={
            "parts": (
                Part(VALUE, "mnist", (0, 4, 6, 8, 9, 10, 12, 14), (8,), {}),
                Part(VALUE, "fashion_mnist", (0, 4, 8, 9, 10, 14), (), {}),
                Part(TOKEN, "mnist", (6, 10, 12, 14), (10,), _TOKEN_ON_LAPTOP),
            ),
            "jump_seeds": 16,
        },
    ),
    # WHY 14x14: see the heat map. 1.5 million episodes are a hundred of each task at the paper's jump.
    "gpu": Scale(
        {
            "data.size": 14,
            "data.channels": 1,
            "training.steps": 6000,
            "training.batch": 256,
            **OFF_THE_PLATEAU,
            "tasks.anneal_steps": 3000,
        },
        seeds=3,
        axes={
            "parts": (
                Part(TOKEN, "mnist", (0, 2, 4, 6, *range(7, 17), 18, 20, 24), (12, 13, 14, 15), {}),
                Part(TOKEN, "fashion_mnist", _FEWER, (), {}),
                Part(VALUE, "mnist", _FEWER, (), _VALUE_ON_GPU),
            ),
            "jump_seeds": 16,
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learner and data set x number of tasks x seeds, with more seeds at the jump."""
    scale = _SCALES[settings.scale]
    runs = []
    for part in scale.axes["parts"]:
        shared = {**part.changes, "data.dataset": settings.source(part.trained_on)}
        for exponents, seeds in (
            ([n for n in part.exponents if n not in part.jump], scale.seeds),
            (part.jump, scale.axes["jump_seeds"]),
        ):
            places: list[tuple[dict[str, Any], dict[str, Any]]] = [
                (
                    {"learner": part.learner, "trained_on": settings.label(part.trained_on), "num_tasks": 2**n},
                    {**shared, "tasks.num_tasks": 2**n},
                )
                for n in exponents
            ]
            runs += lay_out(
                settings,
                replace(scale, seeds=seeds),
                places,
                tested_on=("mnist", "fashion_mnist"),
                kinds=("seen", "unseen"),
            )
    return runs


PART = ["learner", "trained_on"]
# Points of accuracy, and a share.
FLAT, SHARE = 0.1, 2 / 3
INSTANCES, TASKS, LEARNING = "instance memorisation", "task memorisation", "learning to learn"
RULE = (
    "improvement is the accuracy at the last position less that at the first, mean over seeds. *Instance "
    f"memorisation*: less than {FLAT:.0%} on seen tasks. *Task memorisation*: at least {FLAT:.0%} on seen tasks, and "
    "on unseen ones less than two thirds of that. *Learning to learn*: at least two thirds."
)


def improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Give every run's improvement within the sequence.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per run, data set and kind of tasks: `learner`, `trained_on`, `num_tasks`, `seed`, `dataset`, `tasks`,
        `improvement`.
    """
    keys = [*PART, "num_tasks", "seed", "dataset", "tasks"]
    ordered = table.sort_values("position").groupby(keys, sort=False)["accuracy"]
    return (ordered.last() - ordered.first()).rename("improvement").reset_index()


def mean_improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Average `improvements` over seeds."""
    return over_seeds(improvements(table), [*PART, "num_tasks", "dataset", "tasks"], "improvement")


def phases(table: pd.DataFrame) -> pd.DataFrame:
    """Say in which phase each number of tasks is.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per learner, data set and number of tasks: `learner`, `trained_on`, `num_tasks`, `seen`, `unseen`
        (improvements on the data set that it was meta-trained on), `phase`.
    """
    means = mean_improvements(table)
    own = means[means["dataset"] == means["trained_on"]]
    index = [*PART, "num_tasks"]
    wide = own.pivot_table(index=index, columns="tasks", values="improvement").reset_index()
    wide["phase"] = [_phase(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def _parts(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for (learner, trained_on), rows in table.groupby(PART, sort=False):
        yield str(learner), str(trained_on), rows


def _phase(seen: float, unseen: float) -> str:
    if seen < FLAT:
        return INSTANCES
    return LEARNING if unseen >= SHARE * seen else TASKS


# Where the paper's phases begin, and how often the number of tasks doubles between them.
_PAPER = {
    INSTANCES: "up to about 2^7 tasks",
    TASKS: "from there to about 2^14 tasks",
    LEARNING: "from about 2^14 to 2^15 tasks on",
}
_BEGIN, _JUMP, _DOUBLINGS = 2**7, 2**14, 7
# What the paper's curves come to (read from its text), on MNIST and on Fashion-MNIST.
_PAPER_UNSEEN = (0.60, 0.42)
_BEGINS = f"{RULE} The number is the smallest one of tasks from which on all are "


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say where the phases begin, how much is learned, and how the seeds are distributed at the jump."""
    found = []
    for learner, trained_on, rows in _parts(table):
        known = trained_on == settings.label("mnist")
        about = f"{learner}, meta-trained on {trained_on}: "
        found += [
            finding._replace(question=about + finding.question)
            for finding in (*_phase_findings(phases(rows), known), *_highest(rows, settings, known), *_seeds(rows))
        ]
    return found


def _phase_findings(judged: pd.DataFrame, known: bool) -> list[Finding]:
    improves, learns = _from(judged, {TASKS, LEARNING}), _from(judged, {LEARNING})
    # Four times as many tasks, or as few: the paper gives the first to a power of two, and the second to two.
    begin, jump = (Reference(value, 0.25, 4.0, power_of_two) if known else None for value in (_BEGIN, _JUMP))
    return [
        Finding(
            "where does it begin to improve within a sequence?",
            "; ".join(f"{phase} {_where(judged, phase)}" for phase in _PAPER),
            f"{_BEGINS}task memorisation or learning to learn.",
            "; ".join(f"{phase} {paper}" for phase, paper in _PAPER.items()) if known else "",
            improves,
            begin,
        ),
        Finding(
            "where does learning to learn begin?",
            power_of_two(learns),
            f"{_BEGINS}learning to learn.",
            "at 2^14 to 2^15" if known else "",
            learns,
            jump,
        ),
        Finding(
            "how long does it only memorise tasks?",
            _where(judged, TASKS),
            f"{RULE} The number is how often the number of tasks doubles between the two beginnings above.",
            "from 2^7 to 2^14" if known else "",
            log2(learns / improves) if learns < inf else nan,
            Reference(_DOUBLINGS, 0.5, 2.0) if known else None,
        ),
    ]


def _where(judged: pd.DataFrame, phase: str) -> str:
    exponents = [int(log2(n)) for n in judged[judged["phase"] == phase]["num_tasks"]]
    return f"at {', '.join(f'2^{exponent}' for exponent in exponents)} tasks" if exponents else "nowhere"


def _from(judged: pd.DataFrame, phases: set[str]) -> float:
    """The smallest number of tasks from which on all are in some phases; infinite if there is none."""
    begin = inf
    for count, phase in zip(judged["num_tasks"][::-1], judged["phase"][::-1], strict=True):
        if phase not in phases:
            break
        begin = float(count)
    return begin


def _highest(table: pd.DataFrame, settings: Settings, known: bool) -> list[Finding]:
    means = mean_improvements(table)
    most = means[(means["num_tasks"] == means["num_tasks"].max()) & (means["tasks"] == "unseen")].set_index("dataset")
    rule = "improvement on unseen tasks with the most tasks; mean and 95 % interval over seeds (Student's t)."
    found = []
    for name, paper in zip(("mnist", "fashion_mnist"), _PAPER_UNSEEN, strict=True):
        row = most.loc[settings.label(name)]
        text = f"{row['improvement']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        reference = Reference(paper, 0.8, 1.25, percent) if known else None
        question = f"how much does it learn of {settings.label(name)}?"
        says = f"about {paper:.0%}" if known else ""
        found.append(Finding(question, text, rule, says, float(row["improvement"]), reference))
    return found


# Fewer than this say nothing about a distribution.
_FEWEST_SEEDS = 4
_UNIFORM = 5 / 9
_BIMODAL = (
    "Sarle's coefficient of bimodality, (skewness² + 1) / (kurtosis + 3 (n - 1)² / ((n - 2) (n - 3))), of the "
    f"improvements on unseen tasks of n seeds; the largest of all numbers of tasks that have {_FEWEST_SEEDS} seeds or "
    "more. It is 5/9 of a uniform distribution, 1/3 of a normal one, and 1 of two points; above 5/9 is taken for "
    "bimodal."
)


def bimodality(values: np.ndarray) -> float:
    """Sarle's coefficient of bimodality; NaN where all values are equal or there are fewer than four.

    Args:
        values: One per seed.
    """
    n = len(values)
    if n < _FEWEST_SEEDS or np.ptp(values) == 0:
        return nan
    skewness, kurtosis = skew(values, bias=False), kurtosis_of(values, bias=False)
    return float((skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


def _at_jump(table: pd.DataFrame) -> Iterator[tuple[int, np.ndarray]]:
    """The improvements of all seeds on unseen tasks, for every number of tasks that has enough of them."""
    rows = improvements(table)
    rows = rows[(rows["dataset"] == rows["trained_on"]) & (rows["tasks"] == "unseen")]
    for num_tasks, found in rows.groupby("num_tasks"):
        if len(found) >= _FEWEST_SEEDS:
            yield int(num_tasks), np.sort(found["improvement"].to_numpy(dtype=float))


def _seeds(table: pd.DataFrame) -> list[Finding]:
    found = {count: (values, bimodality(values)) for count, values in _at_jump(table)}
    if not found:
        return []
    texts = []
    for count, (values, coefficient) in found.items():
        middle = (values[0] + values[-1]) / 2
        texts.append(
            f"at {power_of_two(count)} tasks {len(values)} seeds from {values[0]:.1%} to {values[-1]:.1%}, "
            f"{(values > middle).sum()} of them above the middle, coefficient {coefficient:.2f}"
        )
    known = [coefficient for _, coefficient in found.values() if coefficient == coefficient]
    says, most = "seeds are bimodal at the jump", max(known, default=nan)
    reference = Reference(_UNIFORM, 1.0, inf)
    return [Finding("are seeds bimodal at the jump?", "; ".join(texts), _BIMODAL, says, most, reference)]


_SHADES = {INSTANCES: "#f0f0f0", TASKS: "#d9d9d9", LEARNING: "#bdbdbd"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw improvement within the sequence by number of tasks: a column per learner and data set.

    The upper row has the means and the phases, the lower one every seed where there are many of them.
    """
    mnist, fashion = settings.label("mnist"), settings.label("fashion_mnist")
    parts = list(_parts(table))
    with panels(len(parts), 4.6, rows=2) as (figure, places):
        for column, (learner, trained_on, rows) in enumerate(parts):
            axes = places[0, column]
            other = fashion if trained_on == mnist else mnist
            curves = (("seen", trained_on, "-", "o"), ("unseen", trained_on, "--", "s"), ("unseen", other, "-.", "D"))
            _curves(axes, rows, curves)
            if trained_on == mnist:
                for colour, height in zip(COLOURS[1:], _PAPER_UNSEEN, strict=False):
                    axes.axhline(height, color=colour, linestyle=":", linewidth=0.9)
                axes.annotate("dotted: paper", (0.02, _PAPER_UNSEEN[0]), xycoords=("axes fraction", "data"), fontsize=6)
            axes.set_title(f"{learner},\nmeta-trained on {trained_on}")
            powers_of_two(axes, "number of tasks")
            per_cent(axes, "accuracy improvement\nwithin the sequence" if column == 0 else "", chance=0.0)
            axes.set_ylim(-0.15, 1.0)
            _distribution(places[1, column], rows, trained_on)
            if column == 0:
                places[1, column].set_ylabel("the same on unseen tasks,\nevery seed")
        lines, _ = places[0, 0].get_legend_handles_labels()
        names = ["seen tasks", "unseen tasks", "unseen tasks, the other data set"]
        shades = [Patch(color=shade, label=phase) for phase, shade in _SHADES.items()]
        figure.legend(handles=[*lines, *shades], labels=[*names, *_SHADES], loc="outside upper center", ncols=3)
    return figure


def _curves(axes: Axes, table: pd.DataFrame, curves: Sequence[tuple[str, str, str, str]]) -> None:
    rows, means = improvements(table), mean_improvements(table)
    _shade(axes, phases(table))
    for colour, (kind, dataset, line, marker) in zip(COLOURS, curves, strict=False):
        chosen, seeds = (part[(part["dataset"] == dataset) & (part["tasks"] == kind)] for part in (means, rows))
        label = f"{kind} tasks, {dataset}"
        plot_band(axes, chosen, "num_tasks", "improvement", colour=colour, label=label, line=line, marker=marker)
        axes.scatter(seeds["num_tasks"], seeds["improvement"], s=4, color=colour, alpha=0.5, linewidth=0)


def _distribution(axes: Axes, table: pd.DataFrame, trained_on: str) -> None:
    """Draw every seed as a dot; those within three points of each other stand side by side."""
    found = list(_at_jump(table))
    for place, (_, values) in enumerate(found):
        for bin_ in np.unique(np.round(values / 0.03)):
            together = values[np.round(values / 0.03) == bin_]
            offsets = 0.04 * (np.arange(len(together)) - (len(together) - 1) / 2)
            axes.scatter(place + offsets, together, s=9, color=COLOURS[1], linewidth=0)
    if not found:
        axes.annotate("few seeds", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=7)
    axes.set_xticks(range(len(found)), [f"$2^{{{int(log2(count))}}}$" for count, _ in found])
    axes.set(xlabel="number of tasks", xlim=(-0.7, max(len(found), 1) - 0.3))


def _shade(axes: Axes, judged: pd.DataFrame) -> None:
    counts = judged["num_tasks"].to_list()
    edges = [counts[0] / 2, *((a * b) ** 0.5 for a, b in pairwise(counts)), counts[-1] * 2]
    for left, right, phase in zip(edges, edges[1:], judged["phase"], strict=False):
        axes.axvspan(left, right, color=_SHADES[phase], linewidth=0, zorder=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.grid(visible=False)


EXPERIMENT = Experiment(
    name="transition",
    title="Transition: from memorisation to learning to learn",
    question=(
        "What does a Transformer do with more and more tasks? Accuracy at the last position less that at the first "
        "says how much it learns within a sequence. A learner that has memorised every image of every task (*instance "
        "memorisation*) knows the answer at once and improves by nothing; one that recognises which task it is in "
        "(*task memorisation*) improves on seen tasks alone; one that *learns to learn* improves on unseen tasks, and "
        "on another data set, too. The Transformer with labels in its tokens is the paper's, with interventions that "
        "take it off its plateau and then fade; the one with labels in its values is this project's. Both data sets "
        "are meta-trained on, and every run is tested on both. The lower panels show all seeds at the jump."
    ),
    grid=grid,
    measure=accuracies_at(1, -1),
    figure=draw,
    findings=find,
)
