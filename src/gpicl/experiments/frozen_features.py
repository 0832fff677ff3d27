"""Frozen features of images: a network trained on other classes, and the features it is compared with."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.errors import DataError

Embedding = Callable[[Tensor], Tensor]
"""Maps normalised images [N, 1, H, H] to features [N, F]."""

_SEED = 0
_CHUNK = 2048
_BATCH = 128
_FILTERS = 32
_RATE = 1e-3


class Domain(NamedTuple):
    """A data set whose classes are split in two halves.

    Attributes:
        train: Training images, grey.
        test: Test images, grey.
    """

    train: FeatureDataset
    test: FeatureDataset

    @classmethod
    def load(cls, source: str, size: int, images: int | None = None) -> "Domain":
        """Load both splits of a data set.

        Args:
            source: Name or path of the data set.
            size: Height and width in pixels that images are resized to.
            images: Number of images to use of each split; None for all.

        Raises:
            DataError: If the data set has fewer than four classes.
        """
        train, test = (preprocess(load_dataset(source, split), size, 1) for split in ("train", "test"))
        if train.num_classes < 4:
            raise DataError(
                f"Data set {train.name!r} has {train.num_classes} classes, and the experiment embeddings needs at "
                "least four: half of them to train a network on, half to make tasks of. Give another with --data."
            )
        return cls(_first(train, images), _first(test, images))

    @property
    def classes_of_network(self) -> int:
        """Number of classes that networks are trained on: the first ones; tasks are made of the others."""
        return self.train.num_classes // 2

    def images_of_network(self) -> tuple[Tensor, Tensor]:
        """Training images [N, 1, H, H] of the network's classes, and their labels."""
        chosen = np.flatnonzero(self.train.labels < self.classes_of_network)
        return _images(self.train, chosen), torch.from_numpy(self.train.labels[chosen])

    def embedded(self, embedding: Embedding) -> dict[str, np.ndarray]:
        """Embed the images of the classes that tasks are made of.

        Features are normalised by one mean and one standard deviation, those of the training images, and pass through a
        tanh, so that a single large feature does not outweigh all others.

        Args:
            embedding: Maps images to features.

        Returns:
            `x_train`, `y_train`, `x_test`, `y_test`, the arrays of an archive of features.
        """
        arrays: dict[str, np.ndarray] = {}
        mean = std = None
        for split, data in (("train", self.train), ("test", self.test)):
            chosen = np.flatnonzero(data.labels >= self.classes_of_network)
            with torch.no_grad():
                parts = [embedding(_images(data, chosen[i : i + _CHUNK])) for i in range(0, len(chosen), _CHUNK)]
            features = torch.cat(parts).double()
            if mean is None or std is None:
                mean, std = features.mean(), features.std()
            arrays[f"x_{split}"] = ((features - mean) / std).tanh().float().numpy()
            arrays[f"y_{split}"] = data.labels[chosen] - self.classes_of_network
        return arrays


def _first(data: FeatureDataset, images: int | None) -> FeatureDataset:
    if images is None or images >= len(data):
        return data
    chosen = np.random.default_rng(_SEED).permutation(len(data))[:images]
    shape = data.image_shape
    return FeatureDataset.from_arrays(data.features[chosen], data.labels[chosen], data.classes, data.name, shape)


def _images(data: FeatureDataset, chosen: np.ndarray) -> Tensor:
    side = round(data.num_features**0.5)
    return torch.from_numpy(data.normalised(chosen)).view(-1, 1, side, side)


def smaller_images(count: int) -> Embedding:
    """Shrink images to a number of pixels.

    Args:
        count: Features F, a square.
    """
    side = round(count**0.5)
    return lambda images: F.interpolate(images, (side, side), mode="bilinear", antialias=True).flatten(1)


def principal_components(domain: Domain, count: int) -> Embedding:
    """Fit principal components to the training images of the network's classes.

    Args:
        domain: The data set.
        count: Features F.
    """
    from sklearn.decomposition import PCA

    components = PCA(count, svd_solver="covariance_eigh").fit(domain.images_of_network()[0].flatten(1).numpy())
    return lambda images: torch.from_numpy(components.transform(images.flatten(1).numpy()).astype(np.float32))


def random_filters(count: int) -> Embedding:
    """Build the network of `trained_network` without training it.

    Args:
        count: Features F.
    """
    return _network(count).eval()


def trained_network(domain: Domain, count: int, epochs: int) -> Embedding:
    """Train a small convolutional network to tell the first half of the classes apart.

    Args:
        domain: The data set.
        count: Features F: the inputs of the network's last layer, which is dropped.
        epochs: Passes over the images.
    """
    images, labels = domain.images_of_network()
    network = _network(count).train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        last = nn.Linear(count, domain.classes_of_network)
    optimiser = torch.optim.Adam([*network.parameters(), *last.parameters()], _RATE)
    random = np.random.default_rng(_SEED)
    for _ in range(epochs):
        order = random.permutation(len(images))
        for start in range(0, len(order), _BATCH):
            batch = torch.from_numpy(order[start : start + _BATCH])
            optimiser.zero_grad()
            F.cross_entropy(last(network(images[batch])), labels[batch]).backward()
            optimiser.step()
    return network.eval()


def _network(count: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        return nn.Sequential(
            nn.Conv2d(1, _FILTERS, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(_FILTERS, 2 * _FILTERS, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(16 * 2 * _FILTERS, count),
        )
