"""Frozen features that anybody can make without a network."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.experiments.embeddings.kinds import CONVOLUTION, PCA, archive_of, size_of
from gpicl.experiments.reproduction import Settings
from gpicl.files import make_folder, write_atomically

_SEED = 0
_CHUNK = 2048
_FILTERS = 32


def make_features(settings: Settings) -> None:
    """Make the archives of features that are not there yet, unless the user gives archives.

    Args:
        settings: Scale and data sets.
    """
    if settings.features is not None:
        return
    size = size_of(settings)
    for kind in (PCA, CONVOLUTION):
        archives = {name: archive_of(settings, kind, name) for name in ("mnist", "fashion_mnist")}
        if all(path.exists() for path in archives.values()):
            continue
        data = {
            name: {split: _images(settings, name, split, size.pixels) for split in ("train", "test")}
            for name in archives
        }
        for name, path in archives.items():
            arrays = {}
            for split, images in data[name].items():
                arrays[f"y_{split}"] = images.labels
                fitted_on = data["mnist"]["train"]
                arrays[f"x_{split}"] = (
                    _principal_components(images, fitted_on, size.features)
                    if kind == PCA
                    else _random_convolutions(images, size.features)
                )
            make_folder(path.parent)
            write_atomically(path, partial(_save, arrays=arrays))


def _images(settings: Settings, name: str, split: str, pixels: int) -> FeatureDataset:
    return preprocess(load_dataset(settings.source(name), split), pixels, 1)


def _principal_components(images: FeatureDataset, fitted_on: FeatureDataset, count: int) -> np.ndarray:
    from sklearn import decomposition

    components = decomposition.PCA(count, whiten=True, svd_solver="covariance_eigh")
    components.fit(fitted_on.normalised(np.arange(len(fitted_on))))
    return components.transform(images.normalised(np.arange(len(images)))).astype(np.float32)


def _random_convolutions(images: FeatureDataset, count: int) -> np.ndarray:
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
