"""Random spectra: tasks whose inputs vary more, or less, along some directions than the data set's own do.

WHY: meta-trained on one data set, a learner comes to rely on how fast that set's principal variances fall off. Other
data sets fall off otherwise. Drawing the fall-off afresh for every task widens the tasks without a single new image.
"""

from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.tasks.projection import normalise

# Variances below this part of the largest are of directions in which the data do not vary.
_FLOOR = 1e-6
_CHUNK = 4096

# 60,000 images of 28x28 take 180 MiB; above this the components are computed for every episode.
_TABLE_BYTES = 256 * 2**20


class Spectrum:
    """The principal components of a data set, and random changes of their variances.

    Component i is multiplied by `lambda_i^(-gamma/2) exp(s z_i)` with `gamma ~ U(-0.3, 0.7)` (flatter or steeper),
    `s ~ U(0, 1.2)` and `z_i ~ N(0, 1)` (uneven), and all by one number that keeps the total variance.

    Args:
        dataset: The examples.
    """

    def __init__(self, dataset: FeatureDataset) -> None:
        count = dataset.features.shape[1]
        second, first = np.zeros((count, count)), np.zeros(count)
        for start in range(0, len(dataset), _CHUNK):
            part = dataset.normalised(np.arange(start, min(start + _CHUNK, len(dataset)))).astype(np.float64)
            second += part.T @ part
            first += part.sum(0)
        mean = first / len(dataset)
        variances, basis = np.linalg.eigh(second / len(dataset) - np.outer(mean, mean))
        self._variances = np.maximum(variances, _FLOOR * variances[-1])
        self.basis: Float32[Tensor, "N N"] = torch.from_numpy(basis.astype(np.float32))
        self._dataset = dataset

    @cached_property
    def components(self) -> Float32[np.ndarray, "N_examples N"] | None:
        """All normalised examples in the basis of the components; None where they would take too much memory.

        WHY a table: an episode then looks its rows up instead of multiplying each, again and again, by the same matrix.
        """
        features = self._dataset.features
        if self._dataset.fresh_each_episode or 4 * features.size > _TABLE_BYTES:
            return None
        table = np.empty(features.shape, dtype=np.float32)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            for start in range(0, len(table), _CHUNK):
                rows = torch.from_numpy(features[start : start + _CHUNK])
                normalised = normalise(rows, self._dataset.mean, self._dataset.std)
                table[start : start + _CHUNK] = (normalised @ self.basis).numpy()
        return table

    def scales(self, random: np.random.Generator, probability: float) -> Float32[np.ndarray, " N"]:
        """Draw what one task multiplies its components by; ones, unless a coin of `probability` says otherwise.

        Args:
            random: The task's own stream.
            probability: Probability of a random spectrum.
        """
        if random.random() >= probability:
            return np.ones(len(self._variances), dtype=np.float32)
        gamma, spread = random.uniform(-0.3, 0.7), random.uniform(0.0, 1.2)
        normals = random.standard_normal(len(self._variances))
        scales = self._variances ** (-gamma / 2) * np.exp(spread * normals)
        kept = np.sqrt(self._variances.sum() / (self._variances * scales**2).sum())
        return (scales * kept).astype(np.float32)
