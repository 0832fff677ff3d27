"""Random spectra: tasks whose inputs vary more, or less, along some directions than those of the data set.

WHY: a learner meta-trained on one data set learns to rely on how fast that set's principal variances decay. They decay
differently in other data sets. Drawing the decay for every task varies the tasks without any new images.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.tasks.randomness import Numbers
from gpicl.tasks.widenings.widening import Batch, Setting, Widening

# Variances below this fraction of the largest belong to directions in which the data do not vary.
_FLOOR = 1e-6
_CHUNK = 4096


class Spectrum(Widening):
    """Principal component i is multiplied by `lambda_i^(-gamma/2) exp(s z_i)`, and all by one common factor.

    `gamma ~ U(-0.3, 0.7)` (flatter or steeper), `s ~ U(0, 1.2)` and `z_i ~ N(0, 1)` (uneven). The common factor keeps
    the total variance. The components are always those of the original data set, also when other examples are shown.
    """

    name = "spectrum"
    reads_inputs = False

    def __init__(self, probability: float, setting: Setting) -> None:
        super().__init__(probability, setting)
        variances, basis = _principal_components(setting.data)
        self.variances = torch.from_numpy(variances)
        self.basis: Float32[Tensor, "N N"] = torch.from_numpy(basis.astype(np.float32))

    def widen(self, batch: Batch) -> Batch:
        """Rescale the components of the examples. They stay in the principal basis: projections do not depend on it."""
        device = batch.labels.device
        self.basis, self.variances = self.basis.to(device), self.variances.to(device)
        components = batch.data.components(batch.numbers, batch.indices, self.basis)
        return replace(batch, inputs=components * self.scales(batch.numbers)[:, None])

    def scales(self, numbers: Numbers) -> Float32[Tensor, "B N"]:
        """Draw the factors by which each task multiplies the components."""
        gamma, spread = numbers.uniforms("spectrum of a task", 2).double().unbind(1)
        normals = numbers.normals("spectrum of a component", len(self.variances))
        variances = self.variances.to(numbers.tasks.device)
        scales = variances ** ((0.3 - gamma[:, None]) / 2) * (1.2 * spread[:, None] * normals).exp()
        kept = (variances.sum() / (variances * scales.square()).sum(1, keepdim=True)).sqrt()
        return (scales * kept).float()


def _principal_components(dataset: FeatureDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the variances in ascending order, and the basis with the components as columns."""
    count = dataset.features.shape[1]
    second, first = np.zeros((count, count)), np.zeros(count)
    for start in range(0, len(dataset), _CHUNK):
        part = dataset.normalised(np.arange(start, min(start + _CHUNK, len(dataset)))).astype(np.float64)
        second += part.T @ part
        first += part.sum(0)
    mean = first / len(dataset)
    variances, basis = np.linalg.eigh(second / len(dataset) - np.outer(mean, mean))
    return np.maximum(variances, _FLOOR * variances[-1]), basis
