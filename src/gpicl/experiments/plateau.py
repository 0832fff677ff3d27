"""The plateau: how long the loss stays where guessing has it (paper, section 4)."""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import Experiment, Finding, Reference, Scale, Settings, lay_out
from gpicl.experiments.reproduction.figures import legend_above, panels
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import LoopConfig, TaskConfig
from gpicl.report import COLOURS
from gpicl.weights import load_card

BATCH, TASKS, EPSILON, BIAS, OPTIMISER, PATH = (
    "task batch",
    "number of tasks",
    "Adam's epsilon",
    "permutation probability",
    "optimiser",
    "label path",
)
UNLIMITED = "unlimited"
_PATHS = {"tokens": "TokenTransformer", "values": "ValueTransformer"}
# The field that an axis changes; the label path takes another learner.
_FIELDS = {
    BATCH: "training.batch",
    TASKS: "tasks.num_tasks",
    EPSILON: "training.epsilon",
    BIAS: "tasks.permutation_probability",
    OPTIMISER: "training.optimiser",
    PATH: "learner.name",
}

# `steps` are by batch. The rate is constant, so that they decide nothing but where the run ends.
_SCALES = {
    "smoke": Scale(
        {"training.steps": 3, "training.optimiser": "adam"},
        axes={
            **{BATCH: (1, 2), TASKS: (4, UNLIMITED), EPSILON: (1e-8,), BIAS: (1.0,)},
            **{OPTIMISER: ("muon",), PATH: ("values",)},
            "validate_every": 1,
            "steps": {},
        },
    ),
    "laptop": Scale(
        {
            "tasks": TaskConfig(
                length=32, num_features=16, num_classes=5, repetition_probability=0.5, repeated_images=5
            ),
            "learner.options": {"layers": 2, "width": 32, "heads": 1, "key_size": 32},
            "training.steps": 3000,
            "training.optimiser": "adam",
            "training.learning_rate": 0.001,
            "training.decay": "constant",
        },
        seeds=2,
        axes={
            BATCH: (16, 32, 64, 128, 256),
            TASKS: (16, 256, 4096, 65_536, UNLIMITED),
            EPSILON: (1e-12, 1e-8, 1e-5, 1e-3),
            BIAS: (1.0, 0.5, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
            "validate_every": 50,
            "steps": {16: 8000, 32: 5000, 128: 2000, 256: 1500},
        },
    ),
    "gpu": Scale(
        {"tasks.num_tasks": 2**16, "training.decay": "constant"},
        seeds=3,
        axes={
            BATCH: tuple(2**n for n in range(5, 13)),
            TASKS: (*(2**n for n in range(4, 25, 4)), UNLIMITED),
            EPSILON: (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3),
            BIAS: (1.0, 0.5, 0.25, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
            "validate_every": 100,
            "steps": {},
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: a base, and one thing changed at a time. The base stands in every axis, and is run once."""
    scale = _SCALES[settings.scale]
    return lay_out(settings, scale, _places(scale.axes, scale.base(settings.scale).tasks.length))


def _places(axes: Any, length: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    loop = LoopConfig(progress=False, checkpoint_every=500, validate_every=axes["validate_every"])
    for axis, field in _FIELDS.items():
        for value in axes[axis]:
            changes: dict[str, Any] = {"loop": loop, "learner.name": _PATHS["tokens"]}
            if axis == BATCH and value in axes["steps"]:
                changes["training.steps"] = axes["steps"][value]
            changes[field] = {UNLIMITED: None, **_PATHS}.get(value, value)
            if changes["learner.name"] == _PATHS["tokens"]:
                changes["learner.options.max_length"] = length
            yield {"axis": axis, "value": str(value)}, changes


# Shares of the loss of guessing. The training loss falls a little without any learning: in episodes that repeat a few
# images it is enough to notice which labels occur.
BELOW = {"loss": 0.85, "unseen_loss": 0.95}
# Logged steps over which the training loss, which is noisy, is averaged.
WINDOW = 5
LOSSES = {"training": "loss", "unseen": "unseen_loss"}
RULE = (
    "a plateau ends at the first step at which the loss, mean over all positions, is below a share of ln C, the loss "
    f"of guessing: {BELOW['loss']:.0%} for the *training* loss (mean over {WINDOW} logged steps), "
    f"{BELOW['unseen_loss']:.0%} for the *unseen* loss, which is measured now and then on 128 episodes of unseen "
    "tasks without repetition and bias. A plateau that has not ended by the last step is at least as long as the run."
)


class Plateau(NamedTuple):
    """A plateau.

    Attributes:
        steps: Its length.
        ended: Whether it ended; if not, `steps` is the length of the run.
    """

    steps: int
    ended: bool


def plateau_of(log: pd.DataFrame, column: str, num_classes: int) -> Plateau:
    """Measure the plateau of one loss.

    Args:
        log: The run's `metrics.csv`.
        column: `loss` or `unseen_loss`.
        num_classes: C.
    """
    rows = log.dropna(subset=[column])
    losses = rows[column]
    if column == "loss":
        losses = losses.rolling(WINDOW, min_periods=1).mean()
    below = rows["step"][losses < BELOW[column] * math.log(num_classes)]
    return Plateau(int(below.iloc[0]), True) if len(below) else Plateau(int(log["step"].max()), False)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure the plateau of the training loss and of the loss on unseen tasks.

    Args:
        run: The run.
        folder: Its folder.

    Returns:
        Two rows: `loss` (training, unseen), `plateau` in steps, `ended`, and the `accuracy` on unseen tasks at the
        last position of the finished run.
    """
    log = pd.read_csv(folder / "metrics.csv")
    classes = load_card(folder)["options"]["num_classes"]
    accuracy = float(pd.read_csv(folder / "results.csv")["accuracy"].iloc[-1])
    plateaus = {name: plateau_of(log, column, classes) for name, column in LOSSES.items()}
    return [
        {"loss": name, "plateau": plateau.steps, "ended": plateau.ended, "accuracy": accuracy}
        for name, plateau in plateaus.items()
    ]


def mean_lengths(table: pd.DataFrame) -> pd.DataFrame:
    """Take the median over seeds, and the range.

    WHY not a mean with its interval: a plateau that never ended has no length to average.

    Args:
        table: See `measure`.

    Returns:
        One row per `axis`, `value` and `loss`: `plateau` (median), `shortest`, `longest`, `ended` (of all seeds).
    """
    grouped = table.groupby(["axis", "value", "loss"], sort=False)
    return grouped.agg(
        plateau=("plateau", "median"), shortest=("plateau", "min"), longest=("plateau", "max"), ended=("ended", "all")
    ).reset_index()


# What two seeds may differ by without any cause.
_FACTOR = 1.25
_MEDIAN = f"{RULE} Median over seeds; > marks one that did not end. "


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what lengthens the plateau and what shortens it."""
    means = mean_lengths(table)

    def of(axis: str, loss: str) -> pd.DataFrame:
        return means[(means["axis"] == axis) & (means["loss"] == loss)]

    falls = "The number is how many times as long the plateau of the first value is as that of the last."
    rises = "The number is how many times as long the plateau of the last value is as that of the first."
    questions = [
        _trend("Does a larger task batch shorten it?", of(BATCH, "training"), falls, "by a power law", -1, _power_law),
        _trend("Do more tasks lengthen it?", of(TASKS, "training"), rises, "yes", 1),
        _trend("Does a larger epsilon lengthen it?", of(EPSILON, "training"), rises, "yes", 1),
        _trend("Does the bias intervention shorten it (unseen loss)?", of(BIAS, "unseen"), falls, "yes", -1),
        _trend("Does Muon shorten it?", of(OPTIMISER, "training"), falls, "", -1),
        _trend("Is there one with labels in values?", of(PATH, "training"), falls, "", -1),
    ]
    return [finding for finding in questions if finding is not None]


def _trend(
    question: str,
    rows: pd.DataFrame,
    rule: str,
    paper: str,
    sign: int,
    more: Callable[[pd.DataFrame], str] = lambda rows: "",
) -> Finding | None:
    if rows.empty:  # all runs of the axis failed
        return None
    texts = [f"{row['value']}: {'' if row['ended'] else '> '}{row['plateau']:.0f}" for _, row in rows.iterrows()]
    ratio = _ratio(sign, rows.iloc[0], rows.iloc[-1]) if paper and len(rows) > 1 else None
    reference = Reference(1.0, _FACTOR, math.inf) if paper else None
    return Finding(question, ", ".join(texts) + " steps" + more(rows), _MEDIAN + rule, paper, ratio, reference)


def _ratio(sign: int, first: pd.Series, last: pd.Series) -> float | None:
    """How many times as long the plateau is that the paper has as the longer one; None where that is not known."""
    shorter = min(first, last, key=lambda row: float(row["plateau"]))
    if not shorter["ended"]:
        return None  # it is only known to be long, and may be the longer one
    longer, other = (last, first) if sign > 0 else (first, last)
    return float(longer["plateau"] / other["plateau"])


def _power_law(rows: pd.DataFrame) -> str:
    known = rows[rows["ended"] & (rows["value"] != UNLIMITED)]
    if len(known) < 3:
        return ""
    x, y = np.log(known["value"].astype(float)), np.log(known["plateau"])
    exponent = float(np.polyfit(x, y, 1)[0])
    return f"; best fitting power law: batch^{exponent:.2f} (r = {float(np.corrcoef(x, y)[0, 1]):.2f})"


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the plateau's length by each thing that is changed."""
    means = mean_lengths(table)
    with panels(3, 4.0, rows=2) as (figure, places):
        for axes, axis in zip(places.flat, _FIELDS, strict=True):
            values = list(dict.fromkeys(table[table["axis"] == axis]["value"]))
            for colour, marker, line, loss in zip(COLOURS, "os", ("-", "--"), LOSSES, strict=False):
                rows = means[(means["axis"] == axis) & (means["loss"] == loss)]
                _line(axes, values, rows, colour, marker, line, f"{loss} loss")
            axes.set_xticks(range(len(values)), [_short(value) for value in values])
            axes.set_xlabel(axis)
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_formatter("{x:.0f}")
            axes.margins(x=0.12)
        for axes in figure.axes[::3]:
            axes.set_ylabel("plateau (steps)")
        legend_above(figure)
    return figure


def _line(axes: Axes, values: list[str], rows: pd.DataFrame, colour: str, marker: str, line: str, label: str) -> None:
    places = np.array([values.index(value) for value in rows["value"]])
    axes.plot(places, rows["plateau"], line, marker=marker, color=colour, label=label)
    axes.vlines(places, rows["shortest"], rows["longest"], color=colour, linewidth=1, alpha=0.6)
    never = ~rows["ended"].to_numpy(dtype=bool)
    heights = rows["plateau"].to_numpy()[never] * 1.25
    axes.plot(places[never], heights, "^", color=colour, markerfacecolor="none", label="_never ended")


def _short(value: str) -> str:
    if value.isdigit() and int(value) >= 1000:
        return f"$2^{{{int(value).bit_length() - 1}}}$"
    return {UNLIMITED: "∞"}.get(value, value)


EXPERIMENT = Experiment(
    name="plateau",
    title="Plateau: how long the loss stays where guessing has it",
    question=(
        "The paper's Transformer sits on a loss of ln C before in-context learning appears. How long, and what "
        "shortens it? From one base run, one thing is changed at a time: the task batch, the number of tasks, Adam's "
        "epsilon, the bias intervention, the optimiser, and whether labels travel in tokens or in values. On a "
        "laptop the tasks are small, so that the plateau ends within the time there is: episodes of 32 examples of 5 "
        "classes, images projected to 16 features, half of the episodes repeating five images, a Transformer of two "
        "layers. Without the repetitions the same run was still on its plateau after 4,000 steps, with Adam and with "
        "Muon."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
