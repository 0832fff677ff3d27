"""The transition from memorisation to learning to learn (paper, figure 4)."""

from itertools import pairwise
from math import inf, log2, nan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gpicl.experiments.reproduction import (
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
from gpicl.experiments.reproduction.figures import COLUMN, panels, per_cent, plot_band, powers_of_two
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.report import COLOURS

_SCALES = {
    "smoke": Scale(seeds=2, axes={"exponents": (0, 6)}),
    "laptop": Scale(
        {"training.steps": 1200, "training.batch": 32},
        seeds=3,
        axes={"exponents": (0, 2, 4, 6, 8, 9, 10, 12, 14)},
    ),
    "paper": Scale(
        {"training.decay": "constant", "tasks.permutation_probability": 0.1, "tasks.anneal_steps": 25_000},
        seeds=5,
        axes={"exponents": tuple(range(0, 25))},
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: number of tasks x seeds."""
    scale = _SCALES[settings.scale]
    places: Any = [({"num_tasks": 2**n}, {"tasks.num_tasks": 2**n}) for n in scale.axes["exponents"]]
    return lay_out(settings, scale, places, tested_on=("mnist", "fashion_mnist"), kinds=("seen", "unseen"))


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
        One row per run, data set and kind of tasks: `num_tasks`, `seed`, `dataset`, `tasks`, `improvement`.
    """
    keys = ["num_tasks", "seed", "dataset", "tasks"]
    ordered = table.sort_values("position").groupby(keys)["accuracy"]
    return (ordered.last() - ordered.first()).rename("improvement").reset_index()


def mean_improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Average `improvements` over seeds."""
    return over_seeds(improvements(table), ["num_tasks", "dataset", "tasks"], "improvement")


def phases(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Say in which phase each number of tasks is.

    Args:
        table: Accuracies at the first and the last position.
        settings: Say what the data sets are called.

    Returns:
        One row per number of tasks: `num_tasks`, `seen`, `unseen` (improvements on MNIST), `phase`.
    """
    means = mean_improvements(table)
    mnist = means[means["dataset"] == settings.label("mnist")]
    wide = mnist.pivot_table(index="num_tasks", columns="tasks", values="improvement").reset_index()
    wide["phase"] = [_phase(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


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
    """Say which phases there are, in which order, how much is learned, and how far the seeds lie apart."""
    judged = phases(table, settings)
    improves, learns = _from(judged, {TASKS, LEARNING}), _from(judged, {LEARNING})
    factor = {"lowest": 0.25, "highest": 4.0}
    found = [
        Finding(
            "Where does it begin to improve within a sequence?",
            "; ".join(f"{phase} {_where(judged, phase)}" for phase in _PAPER),
            f"{_BEGINS}task memorisation or learning to learn.",
            "; ".join(f"{phase} {paper}" for phase, paper in _PAPER.items()),
            improves,
            Reference(_BEGIN, **factor, form=power_of_two),
        ),
        Finding(
            "Where does learning to learn begin?",
            power_of_two(learns),
            f"{_BEGINS}learning to learn.",
            "at 2^14 to 2^15",
            learns,
            Reference(_JUMP, **factor, form=power_of_two),
        ),
        Finding(
            "How long does it only memorise tasks?",
            _where(judged, TASKS),
            f"{RULE} The number is how often the number of tasks doubles between the two beginnings above.",
            "from 2^7 to 2^14",
            log2(learns / improves) if learns < inf else nan,
            Reference(_DOUBLINGS, 0.5, 2.0),
        ),
    ]
    return [*found, *_highest(table, settings), _seeds(table, settings)]


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


def _highest(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    means = mean_improvements(table)
    most = means[(means["num_tasks"] == means["num_tasks"].max()) & (means["tasks"] == "unseen")].set_index("dataset")
    rule = "improvement on unseen tasks with the most tasks; mean and 95 % interval over seeds (Student's t)."
    found = []
    for name, paper in zip(("mnist", "fashion_mnist"), _PAPER_UNSEEN, strict=True):
        row = most.loc[settings.label(name)]
        text = f"{row['improvement']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        reference = Reference(paper, 0.8, 1.25, percent)
        question = f"How much does it learn of {settings.label(name)}?"
        found.append(Finding(question, text, rule, f"about {paper:.0%}", float(row["improvement"]), reference))
    return found


def _seeds(table: pd.DataFrame, settings: Settings) -> Finding:
    rows = improvements(table)
    rows = rows[(rows["dataset"] == settings.label("mnist")) & (rows["tasks"] == "unseen")]
    spread = rows.groupby("num_tasks")["improvement"].agg(lambda values: values.max() - values.min()).reset_index()
    widest = spread.sort_values("improvement").iloc[-1]
    return Finding(
        "Do seeds differ most at the jump?",
        f"they differ most at 2^{int(log2(widest['num_tasks']))} tasks, by {widest['improvement']:.1%}",
        "the number of tasks with the largest difference between seeds of the improvement on unseen MNIST.",
        "seeds are bimodal at the jump",
    )


_SHADES = {INSTANCES: "#f0f0f0", TASKS: "#d9d9d9", LEARNING: "#bdbdbd"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw improvement within the sequence by number of tasks, with the seeds and the phases behind them."""
    rows, means = improvements(table), mean_improvements(table)
    mnist, fashion = settings.label("mnist"), settings.label("fashion_mnist")
    curves = (("seen", mnist, "-", "o"), ("unseen", mnist, "--", "s"), ("unseen", fashion, "-.", "D"))
    with panels(1, 3.2, width=COLUMN) as (figure, places):
        axes = places[0, 0]
        _shade(axes, phases(table, settings))
        for colour, (kind, dataset, line, marker) in zip(COLOURS, curves, strict=False):
            chosen, seeds = (part[(part["dataset"] == dataset) & (part["tasks"] == kind)] for part in (means, rows))
            label = f"{kind} tasks, {dataset}"
            plot_band(axes, chosen, "num_tasks", "improvement", colour=colour, label=label, line=line, marker=marker)
            axes.scatter(seeds["num_tasks"], seeds["improvement"], s=4, color=colour, alpha=0.5, linewidth=0)
        for colour, height in zip(COLOURS[1:], _PAPER_UNSEEN, strict=False):
            axes.axhline(height, color=colour, linestyle=":", linewidth=0.9)
            axes.annotate("paper", (0.02, height), xycoords=("axes fraction", "data"), fontsize=6, va="bottom")
        powers_of_two(axes, "number of tasks")
        per_cent(axes, "accuracy improvement\nwithin the sequence", chance=0.0)
        axes.set_ylim(-0.15, 1.0)
        lines, labels = axes.get_legend_handles_labels()
        shades = [Patch(color=shade, label=phase) for phase, shade in _SHADES.items()]
        figure.legend(handles=[*lines, *shades], labels=[*labels, *_SHADES], loc="outside upper center", ncols=2)
    return figure


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
        "on another data set, too. On a laptop it is the Transformer with labels in its values; the paper's, with "
        "labels in its tokens, would spend most of the time on its plateau."
    ),
    grid=grid,
    measure=accuracies_at(1, -1),
    figure=draw,
    findings=find,
)
