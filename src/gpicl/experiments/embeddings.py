"""The same learner on frozen features instead of pixels (paper, section on domain-specific biases)."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gpicl.data import contents_of
from gpicl.experiments.frozen_features import (
    Domain,
    Embedding,
    principal_components,
    random_filters,
    smaller_images,
    trained_network,
)
from gpicl.experiments.reproduction import (
    OVER_SEEDS,
    Difference,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    points,
)
from gpicl.experiments.reproduction.figures import legend_above, panels, position_curves
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.files import make_folder, write_atomically
from gpicl.metatraining import DataConfig, LearnerConfig
from gpicl.weights import load_card

PIXELS, PCA, FILTERS, NETWORK, OTHER, GIVEN = (
    "pixels",
    "principal components",
    "random filters",
    "network of the same domain",
    "network of the other domain",
    "given",
)
_NAMES = ("mnist", "fashion_mnist")

# `pixels` is the height of the images that features are made from, `features` the number of features (a square), and
# `epochs` the number of times that the network sees the images of its classes.
_SCALES = {
    "smoke": Scale(axes={"pixels": 8, "features": 9, "epochs": 1, "kinds": (PIXELS, NETWORK), "images": 300}),
    "laptop": Scale(
        {"training.steps": 1500, "training.batch": 32, "testing.episodes": 2048},
        seeds=3,
        axes={
            "pixels": 28,
            "features": 64,
            "epochs": 3,
            "kinds": (PIXELS, PCA, FILTERS, NETWORK, OTHER),
            "images": None,
        },
    ),
    "gpu": Scale(
        {
            "learner": LearnerConfig("ValueTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
            "training.steps": 6000,
            "training.batch": 128,
            "training.optimiser": "muon",
            "training.learning_rate": 0.003,
        },
        seeds=3,
        axes={
            "pixels": 28,
            "features": 256,
            "epochs": 10,
            "kinds": (PIXELS, PCA, FILTERS, NETWORK, OTHER),
            "images": None,
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: kinds of features x seeds."""
    return lay_out(settings, _SCALES[settings.scale], _places(settings), measured=6)


def _places(settings: Settings) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if settings.features is not None:
        train, test = (f"{Path(archive).stem}={archive}" for archive in settings.features)
        yield {"features": GIVEN}, {"data": DataConfig(train), "testing.datasets": [test]}
        return
    axes = _SCALES[settings.scale].axes
    # Only the number of features matters. It is a square, so that they can pass for the pixels of an image.
    side = round(axes["features"] ** 0.5)
    for kind in axes["kinds"]:
        datasets = [f"{settings.label(name)}={_archive(settings, kind, name)}" for name in _NAMES]
        changes = {"data": DataConfig(datasets[0], size=side), "testing.datasets": datasets}
        yield {"features": kind}, {**changes, "tasks.num_features": axes["features"]}


def _archive(settings: Settings, kind: str, name: str) -> Path:
    axes = _SCALES[settings.scale].axes
    size = f"{axes['pixels']}-{axes['features']}-{axes['epochs']}"
    return settings.output / "features" / f"{kind.replace(' ', '-')}-{settings.label(name)}-{size}.npz"


def make_features(settings: Settings, say: Callable[[str], object]) -> None:
    """Make the archives of features, unless the user gives archives or they were made of the same images before.

    Args:
        settings: Scale, data sets, and the folder of all runs.
        say: Called before each archive; a network takes a minute or two on a CPU.

    Raises:
        DataError: If a data set has fewer than four classes.
    """
    if settings.features is not None:
        return
    axes = _SCALES[settings.scale].axes
    domains = {name: Domain.load(settings.source(name), axes["pixels"], axes["images"]) for name in _NAMES}
    # A network of the other domain depends on both data sets.
    made_of = "\n".join(contents_of(part).digest for name in _NAMES for part in domains[name])
    embeddings: dict[str, Embedding] = {}
    for kind, name in product(axes["kinds"], _NAMES):
        path = _archive(settings, kind, name)
        note = path.with_suffix(".made-of")
        if path.exists() and note.exists() and note.read_text() == made_of:
            continue
        say(f"embeddings: making features of {settings.label(name)}: {kind}.")
        other = next(each for each in _NAMES if each != name)
        fitted_on = other if kind == OTHER else name
        key = f"{NETWORK if kind == OTHER else kind} {fitted_on}"
        if key not in embeddings:
            embeddings[key] = _fit(kind, domains[fitted_on], axes["features"], axes["epochs"])
        make_folder(path.parent)
        note.unlink(missing_ok=True)
        write_atomically(path, partial(_save, arrays=domains[name].embedded(embeddings[key])))
        write_atomically(note, lambda part: part.write_text(made_of))


def _fit(kind: str, domain: Domain, count: int, epochs: int) -> Embedding:
    if kind == PIXELS:
        return smaller_images(count)
    if kind == PCA:
        return principal_components(domain, count)
    return random_filters(count) if kind == FILTERS else trained_network(domain, count, epochs)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its keywords are the arrays


_every = accuracies_at()


def measure(run: SweptRun, folder: Path) -> list[dict[str, Any]]:
    """Measure accuracy at every position.

    Args:
        run: A finished run.
        folder: Folder of the run.

    Returns:
        Rows of `accuracies_at`, with the number of `classes` of a task.
    """
    classes = load_card(folder)["options"]["num_classes"]
    return [{**row, "classes": classes} for row in _every(run, folder)]


_RULE = f"accuracy on unseen tasks of images of classes that no network was trained on; {OVER_SEEDS}."
_GAIN_RULE = (
    f"{_RULE} The gain is the accuracy with features of the network minus that with pixels at the same seed; mean and "
    "95 % interval over seeds (Student's t). The number is the end of that interval that is nearer to zero (with one "
    "seed, the gain); there is none if the interval holds zero."
)
_SAME_RULE = (
    f"{_RULE} The gain is the accuracy with features of the network trained on classes of the same data set minus that "
    "with features of the network trained on the other, seed by seed; mean and 95 % interval over seeds."
)
_MORE = Reference(1.0, 1.0, np.inf, points)


def gain(rows: pd.DataFrame, kind: str, over: str) -> Difference | None:
    """Measure what one kind of features gains over another, seed by seed.

    Args:
        rows: Accuracies at one position on one data set.
        kind: The kind of features.
        over: The kind to compare with.

    Returns:
        The mean over seeds; None if a kind is missing.
    """
    by_seed = rows.pivot_table(index="seed", columns="features", values="accuracy")
    return Difference.of(by_seed[kind] - by_seed[over]) if {kind, over} <= set(by_seed.columns) else None


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report each kind's accuracy after ten examples and after all, and the gain of a trained network.

    Args:
        table: Accuracies at every position.
        settings: Not used.
    """
    last = int(table["position"].max())
    found = []
    for dataset in dict.fromkeys(table["dataset"]):
        for position in (min(11, last), last):
            rows = table[(table["dataset"] == dataset) & (table["position"] == position)]
            found += _at(str(dataset), position, rows)
    return found


def _at(dataset: str, position: int, rows: pd.DataFrame) -> list[Finding]:
    where = f"on {dataset}, after {position - 1} examples"
    means = over_seeds(rows, ["features"]).sort_values("accuracy", ascending=False)
    text = "; ".join(
        f"{row['features']} {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        for _, row in means.iterrows()
    )
    found = [Finding(f"What accuracy does each kind of features give {where}?", text, _RULE)]
    over_pixels = gain(rows, NETWORK, PIXELS)
    if over_pixels is not None:
        claim = "pretrained embeddings learn from fewer examples"
        question = f"What does a network of the same domain gain {where}?"
        found.append(Finding(question, over_pixels.text, _GAIN_RULE, claim, over_pixels.number, _MORE))
    over_other = gain(rows, NETWORK, OTHER)
    if over_other is not None:
        question = f"How much of that comes from the domain {where}?"
        found.append(Finding(question, over_other.text, _SAME_RULE))
    return found


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: one panel per data set, one line per kind of features."""
    means = over_seeds(table, ["features", "dataset", "position"])
    datasets, kinds = (list(dict.fromkeys(table[column])) for column in ("dataset", "features"))
    lines = [(kind, kind, line) for kind, line in zip(kinds, ("-", "--", "-.", ":", "-"), strict=False)]
    with panels(len(datasets), 2.6) as (figure, places):
        for axes, dataset in zip(places[0], datasets, strict=True):
            rows, last = means[means["dataset"] == dataset], int(table["position"].max())
            position_curves(axes, rows, lines, "features", last, 1 / int(table["classes"].iloc[0]))
            axes.set_title(f"meta-tested on {dataset}")
        legend_above(figure, 3, title="features")
    return figure


EXPERIMENT = Experiment(
    name="embeddings",
    title="Embeddings: frozen features instead of pixels",
    question=(
        "Does a learner that sees good features instead of pixels learn from fewer examples? The classes of every data "
        "set are split in two halves. A small convolutional network is trained on the first half, or principal "
        "components are fitted to it. The learner is then meta-trained and meta-tested on classes of the second half, "
        "which no network has seen, through frozen features: those of the *network of the same domain* (trained on the "
        "other classes of the same data set), of the *network of the other domain* (MNIST for Fashion-MNIST and vice "
        "versa), *principal components*, *random filters* (an untrained network of the same shape), and *pixels* of "
        "smaller images. All kinds have the same number of features, are normalised by one mean and one standard "
        "deviation, pass through a tanh, and go through the same random projections. The learner is meta-trained on "
        "MNIST. To test other embeddings, give your own archives: `--features train.npz,test.npz`, each with features "
        "`x` [N, F] and labels `y`."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
    prepare=make_features,
    prepared_from=_NAMES,
)
