"""The same learner on frozen features in the place of pixels (paper, section on domain-specific biases)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.experiments.reproduction import Experiment, Finding, Scale, Settings, lay_out, over_seeds
from gpicl.experiments.reproduction.figures import legend_above, panels, position_curves
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.files import make_folder, write_atomically
from gpicl.metatraining import DataConfig, LearnerConfig

PIXELS, PCA, CONVOLUTION, GIVEN = "pixels", "pca", "convolution", "given"
_NAMES = ("mnist", "fashion_mnist")

# `pixels` is the height of the images that features are made from, `features` the number of these.
_SCALES = {
    "smoke": Scale(axes={"pixels": 6, "features": 9}),
    "laptop": Scale(
        {"training.steps": 1500, "training.batch": 32, "testing.episodes": 2048},
        seeds=3,
        axes={"pixels": 14, "features": 64},
    ),
    "paper": Scale(
        {
            "learner": LearnerConfig("ValueTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
            "training.batch": 128,
            "training.optimiser": "muon",
            "training.learning_rate": 0.003,
        },
        seeds=3,
        axes={"pixels": 28, "features": 256},
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
    size = _SCALES[settings.scale].axes
    tested = [settings.source(name) for name in _NAMES]
    # Of features only the number counts, and it is a square: of an image of which they would be the pixels.
    side = round(size["features"] ** 0.5)
    kinds = {PIXELS: (size["pixels"], tested)}
    for kind in (PCA, CONVOLUTION):
        kinds[kind] = (side, [f"{settings.label(name)}={_archive(settings, kind, name)}" for name in _NAMES])
    for kind, (height, datasets) in kinds.items():
        changes = {"data": DataConfig(datasets[0], size=height), "testing.datasets": datasets}
        yield {"features": kind}, {**changes, "tasks.num_features": size["features"]}


def _archive(settings: Settings, kind: str, name: str) -> Path:
    size = _SCALES[settings.scale].axes
    return settings.output / "features" / f"{kind}-{settings.label(name)}-{size['pixels']}-{size['features']}.npz"


_SEED = 0
_CHUNK = 2048
_FILTERS = 32


def make_features(settings: Settings) -> None:
    """Make the archives of features that are not there yet, unless the user gives archives."""
    if settings.features is not None:
        return
    size = _SCALES[settings.scale].axes
    for kind, make in ((PCA, _principal_components), (CONVOLUTION, _random_convolutions)):
        archives = {name: _archive(settings, kind, name) for name in _NAMES}
        if all(path.exists() for path in archives.values()):
            continue
        data = {
            (name, split): preprocess(load_dataset(settings.source(name), split), size["pixels"], 1)
            for name in _NAMES
            for split in ("train", "test")
        }
        for name, path in archives.items():
            arrays = {}
            for split in ("train", "test"):
                arrays[f"y_{split}"] = data[name, split].labels
                arrays[f"x_{split}"] = make(data[name, split], data["mnist", "train"], size["features"])
            make_folder(path.parent)
            write_atomically(path, partial(_save, arrays=arrays))


def _principal_components(images: FeatureDataset, fitted_on: FeatureDataset, count: int) -> np.ndarray:
    from sklearn import decomposition

    components = decomposition.PCA(count, whiten=True, svd_solver="covariance_eigh")
    components.fit(fitted_on.normalised(np.arange(len(fitted_on))))
    return components.transform(images.normalised(np.arange(len(images)))).astype(np.float32)


def _random_convolutions(images: FeatureDataset, _: FeatureDataset, count: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(_SEED)
    first = torch.randn(_FILTERS, 1, 3, 3, generator=generator) * (2 / 9) ** 0.5
    second = torch.randn(count, _FILTERS, 3, 3, generator=generator) * (2 / (9 * _FILTERS)) ** 0.5
    side = round(images.num_features**0.5)
    parts = []
    for start in range(0, len(images), _CHUNK):
        pixels = torch.from_numpy(images.normalised(np.arange(start, min(start + _CHUNK, len(images)))))
        seen = F.conv2d(pixels.view(-1, 1, side, side), first, padding=1).relu()
        seen = F.conv2d(F.max_pool2d(seen, 2), second, padding=1).relu()
        parts.append(F.adaptive_avg_pool2d(seen, 1).flatten(1))
    return torch.cat(parts).numpy()


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its keywords are the arrays


_RULE = (
    "accuracy on unseen tasks of held-out images; mean and 95 % interval over seeds (of their weights, tasks, "
    "episodes, and of the images), over episodes (Wilson) if there is one seed. Better than pixels: the interval lies "
    "above that of the pixels."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what each kind of features gives after ten examples and after all, and whether that is more than pixels give.

    Args:
        table: Accuracies at every position.
        settings: Not used.
    """
    last = int(table["position"].max())
    found = []
    for dataset in dict.fromkeys(table["dataset"]):
        for position in (min(11, last), last):
            rows = table[(table["dataset"] == dataset) & (table["position"] == position)]
            found.append(_at(str(dataset), position, over_seeds(rows, ["features"])))
    return found


def _at(dataset: str, position: int, means: pd.DataFrame) -> Finding:
    question = f"On {dataset}, after {position - 1} examples?"
    rows = {row["features"]: row for _, row in means.iterrows()}
    text = "; ".join(
        f"{kind} {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})" for kind, row in rows.items()
    )
    pixels = rows.get(PIXELS)
    if pixels is None:
        return Finding(question, text, _RULE)
    better = [str(kind) for kind, row in rows.items() if row["low"] > pixels["high"]]
    verdict = f"{text}. Better than pixels: {', '.join(better) or 'none'}"
    return Finding(question, verdict, _RULE, "pretrained embeddings learn from fewer examples", bool(better))


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: a panel per data set, a line per kind of features."""
    means = over_seeds(table, ["features", "dataset", "position"])
    datasets, kinds = (list(dict.fromkeys(table[column])) for column in ("dataset", "features"))
    lines = [(kind, kind, line) for kind, line in zip(kinds, ("-", "--", "-.", ":"), strict=False)]
    with panels(len(datasets), 2.6) as (figure, places):
        for axes, dataset in zip(places[0], datasets, strict=True):
            position_curves(axes, means[means["dataset"] == dataset], lines, "features", int(table["position"].max()))
            axes.set_title(f"meta-tested on {dataset}")
        legend_above(figure, title="features")
    return figure


EXPERIMENT = Experiment(
    name="embeddings",
    title="Embeddings: frozen features in the place of pixels",
    question=(
        "Does a learner that sees good features in the place of pixels learn from fewer examples? The same learner, "
        "on pixels and on frozen features, all through the same random projections to the same number of features. "
        "Those that come with the experiment need neither a network nor a download, and are **not pretrained "
        "embeddings as in the paper**: *pca* are whitened principal components, fitted on the meta-training images "
        "alone; *convolution* are the answers of two layers of random filters, which have learned nothing. For real "
        "embeddings give archives of your own: `--features train.npz,test.npz`, each with features `x` [N, F] and "
        "labels `y`."
    ),
    grid=grid,
    measure=accuracies_at(),
    figure=draw,
    findings=find,
    prepare=make_features,
)
