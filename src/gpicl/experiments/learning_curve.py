"""The learning curve within an episode, also across data sets (paper, figure 3)."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import Experiment, Finding, Scale, Settings, lay_out, over_seeds
from gpicl.experiments.reproduction.figures import legend_above, panels, position_curves
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatesting import PAPER, reference_accuracies
from gpicl.report import COLOURS

SOURCES = ("mnist", "fashion_mnist")

_SCALES = {
    "smoke": Scale(),
    "laptop": Scale({"learner.options.layers": 3, "training.steps": 1500, "testing.episodes": 4096}, seeds=3),
    "paper": Scale(
        {
            "tasks.num_tasks": 2**24,
            "tasks.permutation_probability": 0.1,
            "tasks.anneal_steps": 25_000,
            "training.batch": 4096,
            "training.decay": "constant",
        },
        seeds=3,
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: what is meta-trained on x seeds."""
    places: Any = [({"trained_on": settings.label(name)}, {"data.dataset": settings.source(name)}) for name in SOURCES]
    return lay_out(settings, _SCALES[settings.scale], places, tested_on=SOURCES, measured=6)


_CROSSING = 0.58
_END = (
    "accuracy at the last position on unseen tasks of held-out images; mean and 95 % interval over seeds (of their "
    "weights, tasks, episodes, and of the images), over episodes (Wilson) if there is one seed. Agrees with the paper "
    "if the interval reaches the paper's figure or lies above it."
)
_PAPER_LEARNER, _PAPER_LENGTH = "GPICL Transformer", 100


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say where each curve ends, whether both crossings end high, and whether the curves rise."""
    last = table[table["position"] == table["position"].max()]
    means = over_seeds(last, ["trained_on", "dataset"])
    ends = {(row["trained_on"], row["dataset"]): row for _, row in means.iterrows()}
    published = reference_accuracies(PAPER, _PAPER_LEARNER)
    found = []
    for trained in SOURCES:
        for tested in SOURCES:
            end = ends.get((settings.label(trained), settings.label(tested)))
            if end is None:  # its runs failed
                continue
            question = f"Meta-trained on {settings.label(trained)}, tested on {settings.label(tested)}?"
            text = f"{end['accuracy']:.1%} ({end['low']:.1%} to {end['high']:.1%})"
            known = trained == "mnist"
            paper_text = f"{published[tested]:.1%}" if known else ""
            found.append(
                Finding(question, text, _END, paper_text, bool(end["high"] >= published[tested]) if known else None)
            )
    crossings = [(settings.label(a), settings.label(b)) for a, b in (SOURCES, SOURCES[::-1])]
    if not all(crossing in ends for crossing in crossings):
        return found
    crossed = [float(ends[crossing]["accuracy"]) for crossing in crossings]
    reached = min(crossed) > _CROSSING
    found.append(
        Finding(
            "Does it learn data that it was not meta-trained on?",
            f"both crossings end {'above' if reached else 'not both above'} {_CROSSING:.0%}: "
            + " and ".join(f"{value:.1%}" for value in crossed),
            f"both crossed accuracies above {_CROSSING:.0%}, mean over seeds.",
            "both crossings rise with the context",
            reached,
        )
    )
    return found


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: a panel per data set that it is tested on, a line per one it is trained on."""
    means = over_seeds(table, ["trained_on", "dataset", "position"])
    names = {settings.label(name): name for name in SOURCES}
    last = int(table["position"].max())
    published = reference_accuracies(PAPER, _PAPER_LEARNER)
    lines = [(name, f"meta-trained on {name}", line) for name, line in zip(names, ("-", "--"), strict=False)]
    with panels(len(names), 2.6) as (figure, places):
        for axes, (tested, name) in zip(places[0], names.items(), strict=True):
            position_curves(axes, means[means["dataset"] == tested], lines, "trained_on", last)
            axes.set_title(f"meta-tested on {tested}")
            if last == _PAPER_LENGTH:
                style: dict[str, Any] = {"color": COLOURS[0], "markerfacecolor": "none", "clip_on": False}
                axes.plot([last], [published[name]], "D", label="paper, meta-trained on MNIST", **style)
        legend_above(figure, 3)
    return figure


EXPERIMENT = Experiment(
    name="learning-curve",
    title="Learning curve: accuracy at every position",
    question=(
        "Does a meta-trained Transformer learn, rather than recognise? Accuracy at every position of an episode, on "
        "unseen tasks of held-out images: of the data set that it was meta-trained on, and of one that it has never "
        "seen. No weight moves; whatever rises was learned from the examples before."
    ),
    grid=grid,
    measure=accuracies_at(),
    figure=draw,
    findings=find,
)
