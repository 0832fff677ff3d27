"""The examples of a data set on a device, and the choice of those that an episode shows."""

import math

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.tasks.projection import normalise
from gpicl.tasks.randomness import Numbers

# A larger table of components is not kept; the components are then computed for every batch.
_TABLE_BYTES = {"cpu": 256 * 2**20, "cuda": 4 * 2**30}
_CHUNK = 4096


class Examples:
    """A data set on a device, uploaded once.

    Args:
        dataset: The examples.
        device: Device on which tasks are made.

    Attributes:
        num_classes: Number of classes of the data set.
        num_features: Number N of features of an example.
    """

    def __init__(self, dataset: FeatureDataset, device: torch.device) -> None:
        self.dataset, self.device = dataset, device
        self.num_classes = len(dataset.classes)
        self.num_features = dataset.features.shape[1]
        features = dataset.features if dataset.features.flags.writeable else dataset.features.copy()
        self._stored = torch.from_numpy(features).to(device)
        counts = np.bincount(dataset.labels, minlength=self.num_classes)
        self._smallest_first = np.sort(counts)
        self._by_class = torch.from_numpy(np.argsort(dataset.labels, kind="stable")).to(device)
        self._counts = torch.from_numpy(np.append(counts, 0)).to(device)  # class -1 (none) has no examples
        self._starts = torch.from_numpy(np.append(np.cumsum(counts) - counts, 0)).to(device)
        self._tables: dict[int, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self._stored)

    def choose(
        self, numbers: Numbers, behind: Int64[Tensor, "B M C"], count: int, labels: int
    ) -> tuple[Int64[Tensor, "B {count}"], Int64[Tensor, "B {count}"]]:
        """Choose examples of given classes at random, not class-balanced, each at most once if there are enough.

        Args:
            numbers: Random numbers of the episodes.
            behind: Classes behind each label, -1 for none; M of them if labels stand for several classes.
            count: Number of examples in each episode.
            labels: Number of labels that have a class.

        Returns:
            Indices of the examples, and their labels.
        """
        flat = behind.flatten(1)
        ends = self._counts[flat].cumsum(1)
        places = _distinct(numbers, ends[:, -1:], count, self._fewest(labels))
        which = torch.searchsorted(ends, places, right=True)
        before = ends.gather(1, which) - self._counts[flat].gather(1, which)
        indices = self._by_class[self._starts[flat].gather(1, which) + places - before]
        return indices, which % behind.shape[2]

    def stored(self, numbers: Numbers, indices: Int64[Tensor, "B T"]) -> Shaped[Tensor, "B T N"]:
        """Look up examples as stored, or draw the pixels if the data set is new in every episode.

        Args:
            numbers: Random numbers of the episodes.
            indices: Indices of the examples.
        """
        if not self.dataset.fresh_each_episode:
            return self._stored[indices]
        size = self._stored.numel()
        fresh = numbers.words("pixels", -(-size // 8), "episode").view(torch.uint8)[:, :size]
        fresh = fresh.reshape(len(numbers), *self._stored.shape)
        return fresh[torch.arange(len(numbers), device=indices.device)[:, None], indices]

    def normalised(self, numbers: Numbers, indices: Int64[Tensor, "B T"]) -> Float32[Tensor, "B T N"]:
        """Look up examples and normalise them by the data set's mean and standard deviation. See `stored`."""
        return normalise(self.stored(numbers, indices), self.dataset.mean, self.dataset.std)

    def components(
        self, numbers: Numbers, indices: Int64[Tensor, "B T"], basis: Float32[Tensor, "N N"]
    ) -> Float32[Tensor, "B T N"]:
        """Return normalised examples in another basis, from a table of all examples if it is not too large.

        Args:
            numbers: Random numbers of the episodes.
            indices: Indices of the examples.
            basis: Matrix whose columns are the basis vectors.
        """
        size = self._stored.numel() * 4
        if self.dataset.fresh_each_episode or size > _TABLE_BYTES.get(self._stored.device.type, _TABLE_BYTES["cuda"]):
            return self.normalised(numbers, indices) @ basis
        if id(basis) not in self._tables:
            parts = [
                normalise(part, self.dataset.mean, self.dataset.std) @ basis for part in self._stored.split(_CHUNK)
            ]
            self._tables[id(basis)] = (basis, torch.cat(parts))
        return self._tables[id(basis)][1][indices]

    def _fewest(self, num_labels: int) -> int:
        """Return the smallest number of examples that any choice of classes for these labels can have."""
        return int(self._smallest_first[: min(num_labels, self.num_classes)].sum())


def _distinct(numbers: Numbers, totals: Int64[Tensor, "B 1"], count: int, fewest: int) -> Int64[Tensor, "B {count}"]:
    """Draw uniform integers below `totals`, distinct within a row; with repetitions if there are too few.

    Independent draws with duplicates removed are a uniform sample in uniform order. Enough draws are made that the
    chance of too few distinct ones is below 1e-12; a row with too few is filled with repetitions.
    """
    available = max(fewest, count)
    gaps = available / (available - np.arange(count))  # draws until the next different one, on average
    tries = math.ceil(gaps.sum() + 30 * gaps[-1] + 6 * math.sqrt((gaps * (gaps - 1)).sum()))
    drawn = numbers.integers(totals, "examples", tries, "episode")
    ordered, order = drawn.sort(dim=1, stable=True)
    repeated = torch.zeros_like(ordered, dtype=torch.bool)
    repeated[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    first_time = torch.ones_like(repeated).scatter_(1, order, ~repeated)
    place = first_time.cumsum(1) - 1
    place = torch.where(first_time & (place < count), place, count)
    distinct = torch.cat([drawn[:, :count], drawn[:, :1]], 1).scatter_(1, place, drawn)[:, :count]
    return torch.where(totals < count, drawn[:, :count], distinct)
