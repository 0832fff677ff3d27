"""Frozen features of images: of a network that was trained on other classes, and what to compare it with."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.errors import DataError

Embedding = Callable[[Tensor], Tensor]
"""From normalised images [N, 1, H, H] to features [N, F]."""

_SEED = 0
_CHUNK = 2048
_BATCH = 128
_FILTERS = 32
_RATE = 1e-3


class Domain(NamedTuple):
    """A data set whose classes are split in two halves.

    Attributes:
        train: Its training images, in grey.
        test: Its test images.
    """

    train: FeatureDataset
    test: FeatureDataset

    @classmethod
    def load(cls, source: str, size: int, images: int | None = None) -> "Domain":
        """Load both splits of a data set.

        Args:
            source: Its name or path.
            size: Height and width that images are resized to.
            images: Use so many images of each split only; None for all.

        Raises:
            DataError: If it has fewer than four classes.
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
        """Classes 0 to this number, exclusive, are those that networks are trained on; tasks are made of the others."""
        return self.train.num_classes // 2

    def images_of_network(self) -> tuple[Tensor, Tensor]:
        """Training images [N, 1, H, H] of the network's classes, and their labels."""
        chosen = np.flatnonzero(self.train.labels < self.classes_of_network)
        return _images(self.train, chosen), torch.from_numpy(self.train.labels[chosen])

    def embedded(self, embedding: Embedding) -> dict[str, np.ndarray]:
        """Embed the images of the classes that tasks are made of.

        Features are normalised by one mean and one standard deviation, those of the training images, and squashed by a
        tanh, so that no feature of some image outweighs all others.

        Args:
            embedding: The embedding.

        Returns:
            `x_train`, `y_train`, `x_test`, `y_test`, as an archive of features holds them.
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
    """Shrink images to so many pixels.

    Args:
        count: Features F, a square.
    """
    side = round(count**0.5)
    return lambda images: F.interpolate(images, (side, side), mode="bilinear", antialias=True).flatten(1)


def principal_components(domain: Domain, count: int) -> Embedding:
    """Fit principal components to the images that a network would be trained on.

    Args:
        domain: The data set.
        count: Features F.
    """
    from sklearn.decomposition import PCA

    components = PCA(count, svd_solver="covariance_eigh").fit(domain.images_of_network()[0].flatten(1).numpy())
    return lambda images: torch.from_numpy(components.transform(images.flatten(1).numpy()).astype(np.float32))


def random_filters(count: int) -> Embedding:
    """Build the network of `trained_network`, and leave it as it begins.

    Args:
        count: Features F.
    """
    return _network(count).eval()


def trained_network(domain: Domain, count: int, epochs: int) -> Embedding:
    """Train a small convolutional network to tell the first half of the classes apart.

    Args:
        domain: The data set.
        count: Features F: what the network has before its last layer, which is dropped.
        epochs: How often it sees every image.
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
