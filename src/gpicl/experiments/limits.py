"""The limits of a general learner: it is compared with learners meta-trained on the test data set itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.data import load_contents
from gpicl.errors import DataError
from gpicl.experiments.reproduction import (
    OVER_SEEDS,
    Difference,
    Experiment,
    Finding,
    Scale,
    Settings,
    lay_out,
    over_seeds,
)
from gpicl.experiments.reproduction.figures import CHANCE_COLOUR, legend_above, panels
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatraining import LearnerConfig, load_preset
from gpicl.metatraining.build import NO_DATASET
from gpicl.report import COLOURS

DOMAINS = ("mnist", "fashion_mnist", "kmnist", "cifar10")
NOTHING = "nothing"
_FLAGSHIP, _SYNTHETIC = load_preset("flagship"), load_preset("synthetic")
_ON_GPU = {"data": _FLAGSHIP.data, "tasks": _FLAGSHIP.tasks, "learner": _FLAGSHIP.learner, "testing.length": 100}

LEARNERS: dict[str, Mapping[str, Any]] = {
    "laptop": {
        "tasks.length": 140,
        "learner": LearnerConfig(
            "KernelSetTransformer", {"layers": 3, "width": 48, "class_width": 16, "heads": 4, "queries": 40}
        ),
        "training.batch": 32,
        "training.learning_rate": 0.002,
        "training.matrix_learning_rate": 0.005,
        "training.matrix_weight_decay": 0.1,
        "testing.length": 100,
        "testing.positions": [100],
        "testing.episodes": 2048,
    },
    "gpu": {**_ON_GPU, "training": _FLAGSHIP.training, "testing.positions": [100], "testing.episodes": 16384},
}
"""Changes to a scale's base run that give the learner of the flagship, smaller at `laptop`."""

# Merging needs rotated copies, which the random images of a smoke test do not have.
_WIDEN_FEW = {name: probability for name, probability in _FLAGSHIP.tasks.widen.items() if name != "merging"}
_SCALES = {
    "smoke": Scale({"tasks.widen": _WIDEN_FEW}),
    "laptop": Scale({**LEARNERS["laptop"], "tasks.widen": _FLAGSHIP.tasks.widen, "training.steps": 1000}, seeds=2),
    "gpu": Scale(LEARNERS["gpu"]),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: meta-training data sets x seeds."""
    scale = _SCALES[settings.scale]
    names = by_label(settings, DOMAINS)
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"trained_on": label}, {"data.dataset": settings.source(name)}) for label, name in names.items()
    ]
    places.append(({"trained_on": NOTHING}, {**of_nothing(scale, settings), "tasks.widen": _SYNTHETIC.tasks.widen}))
    return lay_out(settings, scale, places, tested_on=list(names.values()))


def by_label(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """Map labels in tables to data sets, each label once; at `smoke` one data set replaces several.

    Args:
        settings: Settings with the sources of data sets.
        names: Names such as `mnist`.
    """
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(settings.label(name), name)
    return found


def of_nothing(scale: Scale, settings: Settings) -> dict[str, Any]:
    """Changes that give a run tasks without a data set, with as many features as its images have pixels.

    Args:
        scale: The experiment at this scale.
        settings: Settings with the name of the scale.
    """
    data = scale.base(settings.scale).data
    pixels = (data.size or 0) ** 2 * (data.channels or 1)
    return {"data.dataset": NO_DATASET, "tasks.num_features": pixels, "tasks.num_classes": 10}


def check_splits(settings: Settings) -> None:
    """Refuse data sets with a single split: a learner would be tested on its meta-training images.

    Raises:
        DataError: If the training and the test split of a data set are the same images.
    """
    data = _SCALES[settings.scale].base(settings.scale).data
    for name in DOMAINS:
        source = settings.source(name)
        train, test = (load_contents(source, split, None, data.size, data.channels) for split in ("train", "test"))
        if train.examples and train.digest == test.digest:
            raise DataError(
                f"{source}: training and test split are the same images, but this experiment trains on one and tests "
                "on the other. Give an archive with x_train, y_train, x_test and y_test."
            )


_RULE = (
    f"accuracy after 99 examples of unseen tasks of test images; {OVER_SEEDS}. *Its own images*: meta-trained on the "
    "training images of the data set. What they add is the difference to the better one of the learners that have not "
    "seen them, at the same seed, on the same episodes; mean and 95 % interval over seeds (Student's t)."
)
_ELSEWHERE = (
    "accuracy minus that of the learner meta-trained on MNIST at the same seed, on the same episodes, mean over the "
    "data sets that neither was meta-trained on; mean and 95 % interval over seeds (Student's t)."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report what knowledge of the domain adds on each data set, and what it costs on the others."""
    means = over_seeds(table, ["trained_on", "dataset"])
    ends = {(row["trained_on"], row["dataset"]): row for _, row in means.iterrows()}
    general = settings.label("mnist")
    labels = [label for label in by_label(settings, DOMAINS) if (label, label) in ends]
    found = [_of_domain(table, ends, label, general) for label in labels]
    for label in labels:
        others = [other for other in labels if other not in (label, general)]
        text = _difference(table, label, general, others) if label != general else ""
        if text:
            found.append(Finding(f"Meta-trained on {label}: what changes on other data sets?", text, _ELSEWHERE))
    return found


def _of_domain(
    table: pd.DataFrame, ends: Mapping[tuple[str, str], "pd.Series[Any]"], label: str, general: str
) -> Finding:
    own, *others = [("its own images", label), (f"images of {general}", general), ("no image", NOTHING)]
    known = [(name, trained) for name, trained in others if trained != label and (trained, label) in ends]
    texts = []
    for name, trained in [own, *known]:
        end = ends[trained, label]
        texts.append(f"{name} {end['accuracy']:.1%} ({end['low']:.1%} to {end['high']:.1%})")
    if known:
        better = max((trained for _, trained in known), key=lambda trained: float(ends[trained, label]["accuracy"]))
        added = _difference(table, label, better, [label])
        texts += [f"its own images add {added}"] if added else []
    return Finding(f"{label}: what does knowledge of the domain add?", "; ".join(texts), _RULE)


def _difference(table: pd.DataFrame, first: str, second: str, datasets: Sequence[str]) -> str:
    """The accuracy of the first learner minus the second's, in points, over the seeds that both have."""
    rows = table[table["dataset"].isin(datasets)]
    wide = rows.pivot_table(index=["seed", "dataset"], columns="trained_on", values="accuracy")
    if not {first, second} <= set(wide.columns):
        return ""
    difference = Difference.of((wide[first] - wide[second]).dropna().groupby("seed").mean())
    return "" if difference is None else difference.text


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw the accuracy on every data set, by meta-training data set."""
    means = over_seeds(table, ["trained_on", "dataset"])
    general = settings.label("mnist")
    labels = list(by_label(settings, DOMAINS))
    kinds = {
        "its own images": labels,
        f"images of {general}": [general] * len(labels),
        "no image": [NOTHING] * len(labels),
    }
    with panels(1, 2.6) as (figure, places):
        axes = places[0, 0]
        for shift, colour, marker, (kind, trained) in zip(
            (-0.15, 0.0, 0.15), COLOURS, "Dos", kinds.items(), strict=False
        ):
            pairs = pd.DataFrame({"trained_on": trained, "dataset": labels, "height": range(len(labels))})
            rows = means.merge(pairs, on=["trained_on", "dataset"])
            axes.hlines(rows["height"] + shift, rows["low"], rows["high"], color=colour, linewidth=1.2)
            axes.plot(rows["accuracy"], rows["height"] + shift, marker, color=colour, label=f"meta-trained on {kind}")
        axes.axvline(0.1, color=CHANCE_COLOUR, linestyle=":", linewidth=1)
        axes.set(xlabel="accuracy after the context, unseen tasks", xlim=(0, 1))
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:.0%}")
        legend_above(figure)
    return figure


EXPERIMENT = Experiment(
    name="limits",
    title="Limits: how much is knowledge of the domain worth?",
    question=(
        "How much would knowledge of the domain add to a general learner? The same learner, with the same kind of "
        "tasks and the same steps, is meta-trained on the training images of the data set that it is tested on, on "
        "those of MNIST, and on no images at all. All tasks are projections with permuted labels, widened and mixed "
        "with inventions as for the flagship. What the first learner gains over the others is therefore knowledge of "
        "the domain, not of learning. Its loss on the other data sets is the reverse of this gain."
    ),
    grid=grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
    suits=check_splits,
)
