"""The learning curve within an episode, also across data sets (paper, figure 3)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import (
    OFF_THE_PLATEAU,
    OVER_SEEDS,
    Difference,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    percent,
    points,
)
from gpicl.experiments.reproduction.figures import CHANCE_COLOUR, legend_above, panels, position_curves
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatesting import PAPER, reference_accuracies, reference_name
from gpicl.metatraining import LearnerConfig, TaskConfig, TrainingConfig

SOURCES = ("mnist", "fashion_mnist")
TRANSFORMER, MAML, SGD, NEIGHBOUR, REGRESSION = "Transformer", "MAML", "SGD", "nearest neighbour", "logistic regression"
NOTHING = "nothing"
"""Value of `trained_on` for learners that are not meta-trained."""

_CLASSICAL = "gpicl.experiments.classical_learner.ClassicalLearner"
# Zero initial weights; the learning rate is larger for fewer features.
_DESCENT = {"optimiser": "adam", "init_scale": 0.0}
_SCALES = {
    "smoke": Scale(axes={"sgd_rate": 0.01, "maml": {"depth": 1, "width": 4}, "classical_episodes": 2}),
    "laptop": Scale(
        {"learner.options.layers": 3, "training.steps": 1500, "testing.episodes": 4096},
        seeds=3,
        axes={
            "sgd_rate": 0.01,
            "maml": {"depth": 1, "width": 64, "learning_rate": 0.005},
            "maml_training": TrainingConfig(steps=300, batch=16, optimiser="adam", learning_rate=0.001),
            "classical_episodes": 192,
        },
    ),
    "gpu": Scale(
        {**OFF_THE_PLATEAU, "tasks.anneal_steps": 3000},
        seeds=3,
        axes={
            "sgd_rate": 0.0004,
            "maml": {"depth": 1, "width": 128, "learning_rate": 0.001},
            "maml_training": TrainingConfig(steps=2000, batch=16, optimiser="adam", learning_rate=0.001),
            "classical_episodes": 192,
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learners x meta-training data sets (none for learners that are not meta-trained) x seeds."""
    scale = _SCALES[settings.scale]
    return lay_out(settings, scale, _places(settings, scale), tested_on=SOURCES, measured=6)


def _places(settings: Settings, scale: Scale) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    axes, base = scale.axes, scale.base(settings.scale)
    meta_trained: dict[str, dict[str, Any]] = {
        TRANSFORMER: {},
        MAML: {
            "learner": LearnerConfig("MAML", axes["maml"]),
            "training": axes.get("maml_training", base.training),
            "tasks": replace(base.tasks, permutation_probability=1.0, repetition_probability=0.0, anneal_steps=0),
            "testing.episodes": min(base.testing.episodes, 1024),
        },
    }
    for learner, changes in meta_trained.items():
        for name in SOURCES:
            keys = {"learner": learner, "trained_on": settings.label(name)}
            yield keys, {"data.dataset": settings.source(name), **changes}
    # Steps and batch mean nothing here; constants give these runs the same names at every scale.
    fitted = {"tasks": TaskConfig(length=base.tasks.length), "training": TrainingConfig(steps=1, batch=1)}
    descent = {**_DESCENT, "learning_rate": axes["sgd_rate"]}
    yield {"learner": SGD, "trained_on": NOTHING}, {**fitted, "learner": LearnerConfig("SGD", descent)}
    for learner, classifier in ((NEIGHBOUR, "NearestNeighbour"), (REGRESSION, "LogisticRegression")):
        config = LearnerConfig(_CLASSICAL, {"classifier": classifier})
        episodes = {"testing.episodes": axes["classical_episodes"]}
        yield {"learner": learner, "trained_on": NOTHING}, {**fitted, "learner": config, **episodes}


_accuracies = accuracies_at()


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure accuracy at every position. Classical learners have no loss; see `ClassicalLearner`."""
    rows = _accuracies(run, folder)
    return [{**row, "loss": None} for row in rows] if run.config.learner.name == _CLASSICAL else rows


_END = f"accuracy at the last position on unseen tasks of held-out images; {OVER_SEEDS}."
_CROSSED = (
    "accuracy at the last position minus that at the first, on unseen tasks of the data set that the Transformer was "
    "not meta-trained on; mean and 95 % interval over seeds (Student's t). The number is the end of that interval that "
    "is nearer to zero (with one seed, the difference), the smaller of both crossings; there is none if an interval "
    "holds zero."
)
_PAPER_LEARNER, _PAPER_LENGTH = "GPICL Transformer", 100


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report where each curve ends, whether both crossings rise, and how learners compare."""
    last = table[table["position"] == table["position"].max()]
    means = over_seeds(last[last["learner"] == TRANSFORMER], ["trained_on", "dataset"])
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
            known = reference_name(settings.label(trained)) == "mnist"
            accuracy = published.get(reference_name(settings.label(tested))) if known else None
            reference = None if accuracy is None else Reference(accuracy, 0.95, inf, percent)
            found.append(Finding(question, text, _END, ours=float(end["accuracy"]), reference=reference))
    return [*found, *_crossings(table, settings), *_learners(table, settings), *_overtakes(table, settings)]


def _crossings(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    texts, numbers = [], []
    for trained, tested in (SOURCES, SOURCES[::-1]):
        crossing = {"learner": TRANSFORMER, "trained_on": settings.label(trained), "dataset": settings.label(tested)}
        rows = table[(table[list(crossing)] == pd.Series(crossing)).all(axis=1)]
        curves = rows.pivot_table(index="seed", columns="position", values="accuracy").dropna()
        rise = None if curves.empty else Difference.of(curves.iloc[:, -1] - curves.iloc[:, 0])
        if rise is None:
            return []
        texts.append(f"from {crossing['trained_on']} to {crossing['dataset']} {rise.text}")
        numbers.append(rise.number)
    known = [number for number in numbers if number is not None]
    published = {reference_name(settings.label(name)) for name in SOURCES} == set(SOURCES)
    return [
        Finding(
            "Does it learn data that it was not meta-trained on?",
            "; ".join(texts),
            _CROSSED,
            "accuracy rises with the context in both crossings" if published else "",
            min(known) if len(known) == len(numbers) else None,
            Reference(1.0, 1.0, inf, points) if published else None,
        )
    ]


_AFTER = (1, 5, 10, 20, 50, 99)
_EVERY = (
    "accuracy on unseen tasks, mean over seeds, of learners meta-trained on MNIST and of learners that are not "
    "meta-trained. The two classical learners are fitted again at every position."
)
_FIRST = (
    "the accuracy at every position, mean over seeds and over five positions, of the Transformer meta-trained on MNIST "
    "minus that of another learner. The number is the share of positions, from the third on, at which this is not "
    "negative; the verdict compares with SGD."
)
# Positions over which a curve is averaged, and where the comparison begins.
_SMOOTHED, _FROM = 5, 3


def _learners(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    rows = table[table["trained_on"].isin([settings.label("mnist"), NOTHING])]
    last = int(table["position"].max())
    found = []
    for dataset in dict.fromkeys(rows["dataset"]):
        means = rows[rows["dataset"] == dataset].groupby(["learner", "position"], sort=False)["accuracy"].mean()
        after = [count for count in _AFTER if count < last]
        texts = [
            f"{learner} {', '.join(f'{means[learner, count + 1]:.1%}' for count in after)}"
            for learner in dict.fromkeys(rows["learner"])
        ]
        counts = ", ".join(map(str, after))
        found.append(Finding(f"How does each learn {dataset}, after {counts} examples?", "; ".join(texts), _EVERY))
    return found


def _overtakes(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    rows = table[table["trained_on"].isin([settings.label("mnist"), NOTHING])]
    means = rows.groupby(["dataset", "learner", "position"])["accuracy"].mean().unstack("position")
    curves = means.T.rolling(_SMOOTHED, min_periods=1, center=True).mean().T
    trained_as_published = reference_name(settings.label("mnist")) == "mnist"
    found = []
    for dataset in dict.fromkeys(rows["dataset"]):
        if (dataset, TRANSFORMER) not in curves.index:
            continue
        texts, shares = [], {}
        for learner in dict.fromkeys(rows["learner"]):
            if learner == TRANSFORMER or (dataset, learner) not in curves.index:
                continue
            ahead = curves.loc[(dataset, TRANSFORMER)] - curves.loc[(dataset, learner)]
            ahead = ahead[ahead.index >= _FROM]
            shares[learner] = float((ahead >= 0).mean())
            texts.append(
                f"{learner}: at {shares[learner]:.0%} of the positions, at best {100 * ahead.max():+.1f} points after "
                f"{ahead.idxmax() - 1} examples, at worst {100 * ahead.min():+.1f} after {ahead.idxmin() - 1}"
            )
        if texts:
            published = trained_as_published and reference_name(str(dataset)) in SOURCES
            ours, claim = shares.get(SGD), "it learns from fewer examples than SGD" if published else ""
            reference = Reference(1.0, 0.9, inf, percent) if published else None
            question = f"Is the Transformer ahead of the others on {dataset}?"
            found.append(Finding(question, "; ".join(texts), _FIRST, claim, ours, reference))
    return found


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: one panel per test data set, one line per learner."""
    table = table.assign(line=table["learner"] + table["trained_on"].map(lambda name: _suffix(str(name))))
    means = over_seeds(table, ["line", "dataset", "position"])
    last = int(table["position"].max())
    published = reference_accuracies(PAPER, _PAPER_LEARNER)
    trained_as_published = reference_name(settings.label("mnist")) == "mnist"
    styles = ("-", "--", "-", "--", "-.", ":", "-.")
    lines = [(name, name, line) for name, line in zip(dict.fromkeys(table["line"]), styles, strict=False)]
    with panels(len(SOURCES), 3.0) as (figure, places):
        for axes, name in zip(places[0], SOURCES, strict=True):
            tested = settings.label(name)
            position_curves(axes, means[means["dataset"] == tested], lines, "line", last)
            axes.set_title(f"meta-tested on {tested}")
            if last == _PAPER_LENGTH and trained_as_published and reference_name(tested) in published:
                style: dict[str, Any] = {"color": CHANCE_COLOUR, "markerfacecolor": "none", "clip_on": False}
                axes.plot([last], [published[reference_name(tested)]], "D", label="the paper (mnist)", **style)
        legend_above(figure, 4, "learner (meta-trained on)")
    return figure


def _suffix(trained_on: str) -> str:
    return "" if trained_on == NOTHING else f" ({trained_on})"


EXPERIMENT = Experiment(
    name="learning-curve",
    title="Learning curve: accuracy at every position",
    question=(
        "Does a meta-trained Transformer learn, rather than recognise? This is its accuracy at every position of an "
        "episode, on unseen tasks of held-out images: of the data set that it was meta-trained on, and of one that it "
        "has never seen. Weights are fixed, so any rise is learned from earlier examples. It is compared, on "
        "tasks of the same kind, with MAML; SGD, which takes one step of gradient descent on every example; the "
        "nearest neighbour; and logistic regression, fitted again at every position. The last two are tested on fewer "
        "episodes because they are slow."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
