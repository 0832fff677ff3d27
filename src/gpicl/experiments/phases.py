"""The phase diagram: how a run ends by task batch and number of tasks (paper, section 4)."""

from collections.abc import Iterable, Sequence
from math import inf, log, log2
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gpicl.experiments.reproduction import Experiment, Finding, Reference, Scale, Settings, lay_out, percent
from gpicl.experiments.reproduction.figures import COLUMN, panels
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import LearnerConfig, TaskConfig
from gpicl.metatraining.csv_log import read_log
from gpicl.runs import tested_rows
from gpicl.weights import load_card

_SCALES = {
    "smoke": Scale({"training.steps": 3}, axes={"batches": (1, 2), "exponents": (0, 6), "measured": 1, "log_every": 1}),
    # The small tasks of the experiment `plateau`, with which the plateau ends in the available time.
    "laptop": Scale(
        {
            "tasks": TaskConfig(
                length=32, num_features=16, num_classes=5, repetition_probability=0.5, repeated_images=5
            ),
            "learner": LearnerConfig(
                "TokenTransformer", {"layers": 2, "width": 32, "heads": 1, "key_size": 32, "max_length": 32}
            ),
            "training.steps": 2000,
            "training.optimiser": "adam",
            "training.learning_rate": 0.001,
            "training.decay": "constant",
        },
        axes={"batches": (8, 16, 32, 64, 128, 256), "exponents": tuple(range(0, 17, 2)), "measured": 20},
    ),
    # WHY 14x14: see the heat map. With bias but without repetitions, small batches stay on the plateau.
    "gpu": Scale(
        {
            "data.size": 14,
            "data.channels": 1,
            "training.steps": 4000,
            "training.decay": "constant",
            "tasks.permutation_probability": 0.1,
            "tasks.anneal_steps": 2000,
        },
        axes={"batches": (16, 64, 256, 1024, 4096), "exponents": (0, 4, 8, 10, 12, 14, 16, 20, 24), "measured": 20},
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: task batches x numbers of tasks x seeds."""
    scale = _SCALES[settings.scale]
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"batch": batch, "num_tasks": 2**n},
            {"training.batch": batch, "tasks.num_tasks": 2**n, "loop.log_every": scale.axes.get("log_every", 10)},
        )
        for batch in scale.axes["batches"]
        for n in scale.axes["exponents"]
    ]
    return lay_out(settings, scale, places, kinds=("seen", "unseen"), measured=scale.axes["measured"])


# Share of ln C that the training loss must fall below. It falls a little without learning: where episodes repeat a few
# images, it is enough to notice which labels occur.
BELOW = 0.85
# Logged steps over which the training loss, which is noisy, is averaged.
_WINDOW = 5
PLATEAU, MEMORISES, GENERALISES = "stays on the plateau", "memorises", "generalises"
RULE = (
    f"from the losses at the end of a run: *{PLATEAU}*: the training loss (mean over the last {_WINDOW} logged steps) "
    f"is not below {BELOW:.0%} of ln C, the loss of guessing; *{GENERALISES}*: it is, and the loss on unseen tasks "
    f"(128 episodes without interventions) is lower than that of guessing; *{MEMORISES}*: only the training loss is. "
    "With several seeds, the medians of their losses count."
)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure both losses at the end of a run, as shares of the loss of guessing.

    Args:
        run: A finished run.
        folder: Folder of the run.

    Returns:
        One row: `training` and `unseen` loss over ln C, and the `accuracy` on unseen tasks at the last position.
    """
    log_, guessing = read_log(folder / "metrics.csv"), log(load_card(folder)["options"]["num_classes"])
    tested = tested_rows(folder, run.config.testing)
    accuracy = float(tested[tested["tasks"] == "unseen"]["accuracy"].iloc[-1])
    training = float(log_["loss"].dropna().tail(_WINDOW).mean()) / guessing
    unseen = float(log_["unseen_loss"].dropna().iloc[-1]) / guessing
    return [{"training": training, "unseen": unseen, "accuracy": accuracy}]


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Determine the phase of each cell of the diagram.

    Args:
        table: See `measure`.

    Returns:
        One row per `batch` and `num_tasks`: `phase`, the median `training` and `unseen` loss over seeds, and the mean
        `accuracy`. Runs without a loss are left out.
    """
    known = table.dropna(subset=["training", "unseen"])
    # WHY medians: seeds differ most at the border of two phases, and the loss of one that memorises has no upper limit.
    cells = known.groupby(["batch", "num_tasks"], sort=True).agg(
        training=("training", "median"), unseen=("unseen", "median"), accuracy=("accuracy", "mean")
    )
    return cells.assign(phase=[_phase(row["training"], row["unseen"]) for _, row in cells.iterrows()]).reset_index()


def _phase(training: float, unseen: float) -> str:
    if training >= BELOW:
        return PLATEAU
    # WHY not the same share for both: training episodes may repeat images, which makes them easier than the others. A
    # learner that has memorised its tasks is worse than guessing on others.
    return GENERALISES if unseen < 1 else MEMORISES


_ORDER = (MEMORISES, GENERALISES, PLATEAU)
_PLURAL = {MEMORISES: "memorise", GENERALISES: "generalise", PLATEAU: "stay on the plateau"}
# One row in ten may be out of order by chance.
_NEARLY_ALL = 0.9


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report how the runs end, and whether batch and number of tasks act as in the paper."""
    places = judged(table)
    if places.empty:
        return [Finding("How do the runs end?", "unknown: no run has logged a loss", RULE)]
    generalised = places[places["phase"] == GENERALISES]
    counts = ", ".join(f"{(places['phase'] == phase).sum()} {verb}" for phase, verb in _PLURAL.items())
    smallest = float(generalised["batch"].min()) / float(places["batch"].min()) if len(generalised) else inf
    by_tasks = [list(rows.sort_values("num_tasks")["phase"]) for _, rows in places.groupby("batch")]
    both = [found for found in by_tasks if {MEMORISES, GENERALISES} <= set(found)]
    ordered = [_in_order((phase for phase in found if phase != PLATEAU), _ORDER) for found in both]
    returns = sum(found[-1] == PLATEAU and set(found) != {PLATEAU} for found in by_tasks)
    left = places.assign(phase=(places["phase"] != PLATEAU).map({False: PLATEAU, True: "left"}))
    leaves = [
        _in_order(rows.sort_values("batch")["phase"], (PLATEAU, "left"))
        for _, rows in left.groupby("num_tasks")
        if rows["phase"].nunique() > 1
    ]
    return [
        Finding("How do the runs end?", f"Of {len(places)} cells: {counts}. {_where(places)}", RULE),
        Finding(
            "Does generalising need a large batch?",
            f"the smallest that generalises is {generalised['batch'].min():.0f}" if len(generalised) else "none does",
            "the smallest batch that generalises divided by the smallest of the grid.",
            "only large enough batches generalise",
            smallest if len(generalised) else None,
            Reference(1.0, 2.0, inf),
        ),
        Finding(
            "With more tasks: first memorises, then generalises?",
            f"yes with {sum(ordered)} of {len(both)} batches that do both",
            "the share of the batches that memorise some numbers of tasks and generalise from others that generalise "
            "only from larger numbers.",
            "generalises with enough tasks",
            _share(ordered),
            Reference(1.0, _NEARLY_ALL, inf, percent),
        ),
        Finding(
            "With the most tasks: stays on the plateau?",
            f"yes with {returns} of {len(by_tasks)} batches",
            "the batches that stay on the plateau with the largest number of tasks, but leave it with fewer.",
            "more tasks lengthen the plateau",
        ),
        Finding(
            "Does a larger batch leave the plateau?",
            f"yes with {sum(leaves)} of {len(leaves)} numbers of tasks with which some batches do and some do not",
            "of the numbers of tasks with which some batches leave the plateau and some do not, the share with which "
            "no larger batch stays on it when a smaller one leaves it.",
            "a larger batch shortens the plateau",
            _share(leaves),
            Reference(1.0, _NEARLY_ALL, inf, percent),
        ),
    ]


def _share(found: list[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _in_order(found: Iterable[str], order: Sequence[str]) -> bool:
    places = [order.index(phase) for phase in found]
    return places == sorted(places)


def _where(places: pd.DataFrame) -> str:
    texts = []
    for batch, rows in places.groupby("batch"):
        counts = sorted(rows["num_tasks"])
        where = [counts.index(n) for n in sorted(rows[rows["phase"] == GENERALISES]["num_tasks"])]
        if where:
            ends = [f"2^{int(log2(counts[place]))}" for place in where]
            unbroken = len(where) > 2 and where == list(range(where[0], where[-1] + 1))
            texts.append(f"batch {batch}: {f'{ends[0]} to {ends[-1]}' if unbroken else ', '.join(ends)} tasks")
    return f"Generalises with {'; '.join(texts)}" if texts else "None generalises"


_SHADES = {MEMORISES: "#D55E00", GENERALISES: "#009E73", PLATEAU: "#DDDDDD"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the phase of every cell, with its accuracy on unseen tasks in per cent."""
    places = judged(table)
    numbers = places.assign(phase=places["phase"].map(_ORDER.index))
    wide, accuracy = (
        numbers.pivot_table(index="batch", columns="num_tasks", values=value) for value in ("phase", "accuracy")
    )
    with panels(1, 1.4 + 0.32 * len(wide), width=COLUMN) as (figure, grid_):
        axes = grid_[0, 0]
        if wide.empty:
            axes.set_axis_off()
            return figure
        colours = ListedColormap([_SHADES[phase] for phase in _ORDER])
        axes.imshow(wide.to_numpy(), origin="lower", aspect="auto", vmin=0, vmax=2, cmap=colours, alpha=0.75)
        axes.grid(visible=False)
        axes.set_xticks(range(wide.shape[1]), [f"$2^{{{int(log2(n))}}}$" for n in wide.columns])
        axes.set_yticks(range(wide.shape[0]), [str(batch) for batch in wide.index])
        for (y, x), value in np.ndenumerate(accuracy.to_numpy()):
            if not np.isnan(value):  # its run failed
                axes.text(x, y, f"{100 * value:.0f}", ha="center", va="center", fontsize=6)
        axes.set(xlabel="number of tasks", ylabel="task batch")
        handles = [Patch(color=shade, label=phase, alpha=0.75) for phase, shade in _SHADES.items()]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=6)
    return figure


EXPERIMENT = Experiment(
    name="phases",
    title="Phases: how a run ends by task batch and number of tasks",
    question=(
        "A run of the paper's Transformer ends in one of three ways: it memorises its tasks, it generalises to others, "
        "or it is still on the plateau where it began. Which one depends on the number of tasks and on the number of "
        "episodes per step. All runs have the same number of steps and are classified by their losses. The figure "
        "shows the accuracy on unseen tasks at the last position, in per cent. At `laptop` the tasks are small, so "
        "that the plateau ends in the available time: episodes of 32 examples of 5 classes, images projected to 16 "
        "features, five repeated images in half of the episodes, and a Transformer of two layers."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
