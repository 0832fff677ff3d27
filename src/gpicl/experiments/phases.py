"""The phase diagram: task batch x number of tasks decide what a run ends as (paper, section 4)."""

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
from gpicl.weights import load_card

_SCALES = {
    "smoke": Scale({"training.steps": 3}, axes={"batches": (1, 2), "exponents": (0, 6), "measured": 1}),
    # The small tasks of the experiment `plateau`, in which the plateau ends within the time that there is.
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
    # WHY 14x14: see the heat map. With bias alone, and not repetitions too, small batches stay on the plateau.
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
    """Lay out the runs: task batch x number of tasks x seeds."""
    scale = _SCALES[settings.scale]
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"batch": batch, "num_tasks": 2**n}, {"training.batch": batch, "tasks.num_tasks": 2**n})
        for batch in scale.axes["batches"]
        for n in scale.axes["exponents"]
    ]
    return lay_out(settings, scale, places, kinds=("seen", "unseen"), measured=scale.axes["measured"])


# Share of ln C that a loss must fall below. It falls a little without any learning: where episodes repeat a few images
# it is enough to notice which labels occur.
BELOW = 0.85
# Logged steps over which the training loss, which is noisy, is averaged.
_WINDOW = 5
PLATEAU, MEMORISES, GENERALISES = "stays on the plateau", "memorises", "generalises"
RULE = (
    f"from the curves of a run, at its end: *{GENERALISES}*: the loss on unseen tasks (128 episodes without "
    f"interventions) is below {BELOW:.0%} of ln C, the loss of guessing; *{MEMORISES}*: it is not, but the training "
    f"loss (mean over the last {_WINDOW} logged steps) is; *{PLATEAU}*: neither is. Of several seeds, what most of "
    "them do."
)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure both losses at the end of a run, as shares of the loss of guessing.

    Args:
        run: The run.
        folder: Its folder.

    Returns:
        One row: `training` and `unseen` loss over ln C, and the `accuracy` on unseen tasks at the last position.
    """
    log_, guessing = pd.read_csv(folder / "metrics.csv"), log(load_card(folder)["options"]["num_classes"])
    results = pd.read_csv(folder / "results.csv")
    accuracy = float(results[results["tasks"] == "unseen"]["accuracy"].iloc[-1])
    training = float(log_["loss"].dropna().tail(_WINDOW).mean()) / guessing
    unseen = float(log_["unseen_loss"].dropna().iloc[-1]) / guessing
    return [{"training": training, "unseen": unseen, "accuracy": accuracy}]


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Say what each place of the diagram ends as.

    Args:
        table: See `measure`.

    Returns:
        One row per `batch` and `num_tasks`: `phase`, and the mean `training` and `unseen` loss and `accuracy`.
    """
    rows = table.assign(phase=[_phase(row["training"], row["unseen"]) for _, row in table.iterrows()])
    grouped = rows.groupby(["batch", "num_tasks"], sort=True)
    means = grouped[["training", "unseen", "accuracy"]].mean()
    return means.assign(phase=grouped["phase"].agg(lambda phases: phases.mode().iloc[0])).reset_index()


def _phase(training: float, unseen: float) -> str:
    if unseen < BELOW:
        return GENERALISES
    return MEMORISES if training < BELOW else PLATEAU


_ORDER = (MEMORISES, GENERALISES, PLATEAU)
# One row in ten may be out of order by chance.
_NEARLY_ALL = 0.9


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what the places end as, and whether batch and number of tasks act as in the paper."""
    places = judged(table)
    generalised = places[places["phase"] == GENERALISES]
    counts = "; ".join(f"{(places['phase'] == phase).sum()} of {len(places)} {phase}" for phase in _ORDER)
    smallest = float(generalised["batch"].min()) / float(places["batch"].min()) if len(generalised) else inf
    by_tasks = [_in_order(rows.sort_values("num_tasks")["phase"], _ORDER) for _, rows in places.groupby("batch")]
    leaves = [
        _in_order((rows.sort_values("batch")["phase"] != PLATEAU).map(str), ("False", "True"))
        for _, rows in places.groupby("num_tasks")
    ]
    return [
        Finding("What do the runs end as?", f"{counts}. {_where(places)}", RULE),
        Finding(
            "Does generalising need a large batch?",
            f"the smallest that generalises is {generalised['batch'].min():.0f}" if len(generalised) else "none does",
            f"{RULE} The number is the smallest batch that generalises, over the smallest of the grid.",
            "only large enough batches generalise",
            smallest if len(generalised) else None,
            Reference(1.0, 2.0, inf),
        ),
        Finding(
            "With more tasks: memorises, then generalises, then stays on the plateau?",
            f"so with {sum(by_tasks)} of {len(by_tasks)} batches",
            f"{RULE} The number is the share of batches whose phases come in this order; some may be missing.",
            "generalises with enough tasks, but not too many",
            float(np.mean(by_tasks)),
            Reference(1.0, _NEARLY_ALL, inf, percent),
        ),
        Finding(
            "Does a larger batch leave the plateau?",
            f"so with {sum(leaves)} of {len(leaves)} numbers of tasks",
            f"{RULE} The number is the share of numbers of tasks with which no larger batch stays on the plateau once "
            "a smaller one has left it.",
            "a larger batch shortens the plateau",
            float(np.mean(leaves)),
            Reference(1.0, _NEARLY_ALL, inf, percent),
        ),
    ]


def _in_order(found: Iterable[str], order: Sequence[str]) -> bool:
    places = [order.index(phase) for phase in found]
    return places == sorted(places)


def _where(places: pd.DataFrame) -> str:
    texts = []
    for batch, rows in places.groupby("batch"):
        exponents = [int(log2(n)) for n in rows[rows["phase"] == GENERALISES]["num_tasks"]]
        if exponents:
            texts.append(f"batch {batch}: {', '.join(f'2^{n}' for n in exponents)} tasks")
    return f"Generalises with {'; '.join(texts)}" if texts else "Nothing generalises"


_SHADES = {MEMORISES: "#D55E00", GENERALISES: "#009E73", PLATEAU: "#DDDDDD"}


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the phase of every place, with its accuracy on unseen tasks in per cent."""
    places = judged(table)
    numbers = places.assign(phase=places["phase"].map(_ORDER.index))
    wide, accuracy = (
        numbers.pivot_table(index="batch", columns="num_tasks", values=value) for value in ("phase", "accuracy")
    )
    with panels(1, 1.4 + 0.32 * len(wide), width=COLUMN) as (figure, grid_):
        axes = grid_[0, 0]
        colours = ListedColormap([_SHADES[phase] for phase in _ORDER])
        axes.imshow(wide.to_numpy(), origin="lower", aspect="auto", vmin=0, vmax=2, cmap=colours, alpha=0.75)
        axes.grid(visible=False)
        axes.set_xticks(range(wide.shape[1]), [f"$2^{{{int(log2(n))}}}$" for n in wide.columns])
        axes.set_yticks(range(wide.shape[0]), [str(batch) for batch in wide.index])
        for (y, x), value in np.ndenumerate(accuracy.to_numpy()):
            if not np.isnan(value):  # of a run that failed
                axes.text(x, y, f"{100 * value:.0f}", ha="center", va="center", fontsize=6)
        axes.set(xlabel="number of tasks", ylabel="task batch")
        handles = [Patch(color=shade, label=phase, alpha=0.75) for phase, shade in _SHADES.items()]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=6)
    return figure


EXPERIMENT = Experiment(
    name="phases",
    title="Phases: what task batch and number of tasks make of a run",
    question=(
        "A run of the paper's Transformer ends in one of three ways: it memorises its tasks, it generalises to others, "
        "or it is still on the plateau where it began. Which one depends on how many tasks there are and on how many "
        "episodes a step has. Every run has the same number of steps, and is judged by its curves. The figure has the "
        "accuracy on unseen tasks at the last position, in per cent. On a laptop the tasks are small, so that the "
        "plateau ends within the time there is: episodes of 32 examples of 5 classes, images projected to 16 features, "
        "half of the episodes repeating five images, a Transformer of two layers."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
