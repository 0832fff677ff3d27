"""The heat map: memorisation turns into generalisation as tasks and model size grow (paper, figure 2)."""

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from gpicl.experiments.reproduction import (
    OFF_THE_PLATEAU,
    THRESHOLD_RULE,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    percent,
    plain,
    power_of_two,
    threshold_at,
)
from gpicl.experiments.reproduction.figures import panels
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatesting import reference_name
from gpicl.metatraining import LearnerConfig

MLP, TOKEN, VALUE = "MLP", "TokenTransformer", "ValueTransformer"

# Each learner's name maps to its layers, steps and batch.
_SCALES = {
    "smoke": Scale(
        axes={"tasks": (1, 64), "widths": (2, 4), "key_size": 4, MLP: (0, 2, 2), TOKEN: (1, 2, 2), VALUE: (1, 2, 2)},
    ),
    "laptop": Scale(
        axes={
            "tasks": tuple(2**n for n in (0, 3, 6, 9, 12, 15)),
            "widths": (8, 16, 32, 64),
            "key_size": 32,
            # The paper's learner needs a larger batch: at half of it the plateau lasted more than 2,000 steps.
            **{MLP: (0, 1000, 32), TOKEN: (3, 1600, 64), VALUE: (2, 1000, 32)},
        },
    ),
    # WHY 14x14, the default of the authors' code: the matrices of a finite number of tasks are drawn again at every
    # step, which at 32x32x3 takes longer than the step.
    "gpu": Scale(
        {"data.size": 14, "data.channels": 1},
        axes={
            "tasks": tuple(2**n for n in range(0, 25, 2)),
            "widths": tuple(2**n for n in range(1, 10)),
            "key_size": 32,
            **{MLP: (0, 5000, 256), TOKEN: (4, 6000, 256), VALUE: (4, 4000, 256)},
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learners x numbers of tasks x model sizes."""
    scale = _SCALES[settings.scale]
    return lay_out(settings, scale, _places(scale.axes, settings.scale == "gpu"), kinds=("seen", "unseen"))


def _places(axes: Any, on_gpu: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for learner in (MLP, TOKEN, VALUE):
        layers, steps, batch = axes[learner]
        changes: dict[str, Any] = {
            "training.steps": steps,
            "training.batch": batch,
            "training.optimiser": "adam" if learner == MLP else "muon",
            "training.learning_rate": 0.001 if on_gpu else 0.003,
        }
        if learner == TOKEN:
            changes |= {**OFF_THE_PLATEAU, "tasks.anneal_steps": 5 * steps // 8}
        for num_tasks in axes["tasks"]:
            for width in axes["widths"]:
                options = {"width": width}
                if learner != MLP:
                    # The width of a head is constant. The paper has eight heads; on a laptop a width of 64 has two.
                    heads = 8 if on_gpu else max(1, width // axes["key_size"])
                    options |= {"layers": layers, "heads": heads, "key_size": axes["key_size"]}
                place = {"learner": LearnerConfig(learner, options), "tasks.num_tasks": num_tasks}
                yield {"learner": learner, "num_tasks": num_tasks, "width": width}, {**changes, **place}


CHANCE = 0.1
# Points of accuracy.
LEARNED, AT_CHANCE, LEVEL = 0.2, 0.05, 0.05
MEMORISES, GENERALISES, BETWEEN, NEITHER = "memorises", "generalises", "in between", "learns neither"
RULE = (
    f"accuracy at the last position, mean over seeds. *Memorises*: seen tasks at least {LEARNED:.0%} above guessing, "
    f"unseen ones at most {AT_CHANCE:.0%} above it. *Generalises*: unseen tasks at least {LEARNED:.0%} above guessing "
    f"and at most {LEVEL:.0%} below seen ones. *Learns neither*: seen tasks less than {LEARNED:.0%} above guessing. "
    "*In between*: everything else."
)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Classify every cell of the heat map: whether the learner memorises or generalises.

    Args:
        table: One row per run and kind of tasks.

    Returns:
        One row per `learner`, `num_tasks` and `width`: `seen` and `unseen` accuracy, `verdict`.
    """
    means = over_seeds(table, ["learner", "num_tasks", "width", "tasks"])
    wide = means.pivot_table(index=["learner", "num_tasks", "width"], columns="tasks", values="accuracy").reset_index()
    wide["verdict"] = [_verdict(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def _verdict(seen: float, unseen: float) -> str:
    if unseen >= CHANCE + LEARNED and unseen >= seen - LEVEL:
        return GENERALISES
    if seen < CHANCE + LEARNED:
        return NEITHER
    return MEMORISES if unseen <= CHANCE + AT_CHANCE else BETWEEN


# The paper's figure: a Transformer generalises from 2^12 or 2^13 tasks if its width is at least 64; an MLP never does.
_PAPER_TASKS, _PAPER_WIDTH = 2**12.5, 64
_MEMORISED = "best accuracy on seen tasks; the number for the paper is the lowest that counts as memorising."
_NEVER = "best accuracy on unseen tasks; the number for the paper is the accuracy of guessing."
_BEGINS = f"{RULE} The number is the smallest number of tasks with which some model size generalises. {THRESHOLD_RULE}"
_WIDTH = f"{RULE} The number is the smallest model size that generalises with some number of tasks. {THRESHOLD_RULE}"


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report what each learner does with few tasks and with many."""
    found = []
    for learner, rows in verdicts(table).groupby("learner", sort=False):
        question, counts = f"What does the {learner} do?", _counts(rows)
        if learner == MLP:
            chance = Reference(CHANCE, 0.0, 1 + AT_CHANCE / CHANCE, percent)
            found.append(Finding(question, counts, _NEVER, "never generalises", float(rows["unseen"].max()), chance))
            least = Reference(CHANCE + LEARNED, 1.0, inf, percent)
            seen = float(rows["seen"].max())
            text = f"at most {seen:.1%} on seen tasks"
            found.append(Finding("Does the MLP memorise?", text, _MEMORISED, "memorises few tasks", seen, least))
            continue
        generalised = rows[rows["verdict"] == GENERALISES]
        tasks, width = (
            threshold_at(float(min(generalised[column], default=inf)), rows[column])
            for column in ("num_tasks", "width")
        )
        # A factor of four in the number of tasks is one step of the gpu grid, and less than one of the laptop grid.
        begins = Reference(_PAPER_TASKS, 0.25, 4.0, power_of_two) if learner == TOKEN else None
        wide = Reference(_PAPER_WIDTH, 0.5, 2.0) if learner == TOKEN else None
        paper = "memorises few tasks, generalises from 2^12 or 2^13 tasks" if learner == TOKEN else ""
        text = f"{counts} Generalises from: {tasks.text(power_of_two)} tasks."
        found.append(Finding(question, text, _BEGINS, paper, tasks.possible.nearest(begins), begins))
        paper = "at least 64" if learner == TOKEN else ""
        question, smallest = f"How wide must a {learner} be to generalise?", width.possible.nearest(wide)
        found.append(Finding(question, width.text(plain), _WIDTH, paper, smallest, wide))
    if _is_the_papers(settings):
        return found
    return [finding._replace(paper="", reference=None) for finding in found]


def _is_the_papers(settings: Settings) -> bool:
    return reference_name(settings.label("mnist")) == "mnist"


def _counts(rows: pd.DataFrame) -> str:
    parts = []
    for verdict in (MEMORISES, BETWEEN, GENERALISES, NEITHER):
        found = rows[rows["verdict"] == verdict]
        if len(found):
            counts = sorted({int(np.log2(n)) for n in found["num_tasks"]})
            many = f"2^{counts[0]}" if len(counts) == 1 else f"2^{counts[0]} to 2^{counts[-1]}"
            parts.append(f"{verdict} in {len(found)} of {len(rows)} cells ({many} tasks)")
    best = rows.sort_values("unseen").iloc[-1]
    best_place = f"{best['num_tasks']:.0f} tasks, d = {best['width']:.0f}"
    return "; ".join(parts) + f". Best on unseen tasks: {best['unseen']:.1%} ({best_place})."


_NAMES = {MLP: "MLP", TOKEN: "Transformer, labels in tokens", VALUE: "Transformer, labels in values"}
_MARKS = {MEMORISES: "M", GENERALISES: "G"}
# With more columns in a panel, a number and its mark do not fit into a cell.
_MOST_COLUMNS = 8


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by number of tasks and model size: a column per learner, rows for seen and unseen tasks."""
    judged = verdicts(table)
    begins = _place_of_paper(judged) if _is_the_papers(settings) else None
    learners = [name for name in _NAMES if name in set(judged["learner"])]
    height = 1.2 + 0.42 * max(len(set(judged["width"])), 4)
    with panels(len(learners), height, rows=2, share="xy") as (figure, places):
        for column, learner in enumerate(learners):
            for row, kind in enumerate(("seen", "unseen")):
                image = _panel(places[row, column], judged[judged["learner"] == learner], kind, begins)
            places[0, column].set_title(_NAMES[learner])
            places[1, column].set_xlabel("number of tasks")
        for row, kind in enumerate(("seen", "unseen")):
            places[row, 0].set_ylabel(f"{kind} tasks\nmodel size d")
        bar = figure.colorbar(image, ax=places, label="accuracy at the last position", aspect=30, pad=0.01)
        bar.ax.yaxis.set_major_formatter("{x:.0%}")
        caption = "M: memorises, G: generalises (see the page)."
        if begins is not None:
            caption += " Dashed: where the paper's Transformer begins to generalise."
        figure.supxlabel(caption, fontsize=7)
    return figure


def _panel(axes: Axes, judged: pd.DataFrame, kind: str, begins: float | None) -> AxesImage:
    wide = judged.pivot_table(index="width", columns="num_tasks", values=kind)
    image = axes.imshow(wide.to_numpy(), origin="lower", aspect="auto", vmin=0, vmax=1, cmap="viridis")
    axes.grid(visible=False)
    narrow = wide.shape[1] > _MOST_COLUMNS
    places, counts = range(wide.shape[1]), [f"$2^{{{int(np.log2(n))}}}$" for n in wide.columns]
    step = 2 if narrow else 1
    axes.set_xticks(places[::step], counts[::step])
    axes.set_yticks(range(wide.shape[0]), [str(width) for width in wide.index])
    marks = {(row["width"], row["num_tasks"]): _MARKS.get(row["verdict"], "") for _, row in judged.iterrows()}
    for y, width in enumerate(wide.index):
        for x, count in enumerate(wide.columns):
            value = float(wide.to_numpy()[y, x])
            if np.isnan(value):
                continue  # its run failed
            number, mark = f"{100 * value:.0f}", marks[width, count] if kind == "unseen" else ""
            text = mark or number if narrow else f"{number} {mark}".strip()
            size, colour = 5 if narrow else 6, "white" if value < 0.6 else "black"
            axes.text(x, y, text, ha="center", va="center", fontsize=size, color=colour)
    if begins is not None:
        axes.axvline(begins, color="white", linestyle="--")
    return image


def _place_of_paper(judged: pd.DataFrame) -> float | None:
    """The edge between columns where the paper's Transformer begins to generalise; None if that is not on the axis."""
    counts = set(judged["num_tasks"])
    below = sum(count <= _PAPER_TASKS for count in counts)
    return below - 0.5 if 0 < below < len(counts) else None


EXPERIMENT = Experiment(
    name="heatmap",
    title="Heat map: number of tasks x model size",
    question=(
        "How many tasks, and how large a model, does it take until a learner stops memorising its meta-training tasks "
        "and learns other tasks from the context? Three learners are meta-trained on 2^0 tasks and more, and tested on "
        "held-out images of the *seen* tasks and of *unseen* ones. The MLP sees one input and no labelled examples. "
        "The Transformer with labels in its tokens is the paper's. The one with labels in its values is this "
        "project's; it has no plateau. The paper's learner is meta-trained longer, with interventions that fade "
        "during the run; without them it would not leave its plateau in this time."
    ),
    grid=grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
