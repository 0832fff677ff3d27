"""Random spectra: tasks whose inputs vary more, or less, along some directions than the data set's own do.

WHY: meta-trained on one data set, a learner comes to rely on how fast that set's principal variances fall off. Other
data sets fall off otherwise. Drawing the fall-off for every task widens the tasks without a single new image.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.tasks.randomness import Numbers
from gpicl.tasks.widenings.widening import Batch, Setting, Widening

# Variances below this part of the largest are of directions in which the data do not vary.
_FLOOR = 1e-6
_CHUNK = 4096


class Spectrum(Widening):
    """Principal component i is multiplied by `lambda_i^(-gamma/2) exp(s z_i)`, and all by one number.

    `gamma ~ U(-0.3, 0.7)` (flatter or steeper), `s ~ U(0, 1.2)` and `z_i ~ N(0, 1)` (uneven); the one number keeps the
    total variance. The components are those of the data set that tasks were first made from, also where other examples
    are shown.
    """

    name = "spectrum"
    reads_inputs = False

    def __init__(self, probability: float, setting: Setting) -> None:
        super().__init__(probability, setting)
        variances, basis = _principal_components(setting.data)
        self.variances = torch.from_numpy(variances)
        self.basis: Float32[Tensor, "N N"] = torch.from_numpy(basis.astype(np.float32))

    def widen(self, batch: Batch) -> Batch:
        """Give the components of the examples another spectrum. They stay in their basis, for projections have none."""
        device = batch.labels.device
        self.basis, self.variances = self.basis.to(device), self.variances.to(device)
        components = batch.data.components(batch.numbers, batch.indices, self.basis)
        return replace(batch, inputs=components * self.scales(batch.numbers)[:, None])

    def scales(self, numbers: Numbers) -> Float32[Tensor, "B N"]:
        """Draw what tasks multiply their components by."""
        gamma, spread = numbers.uniforms("spectrum of a task", 2).double().unbind(1)
        normals = numbers.normals("spectrum of a component", len(self.variances))
        variances = self.variances.to(numbers.tasks.device)
        scales = variances ** ((0.3 - gamma[:, None]) / 2) * (1.2 * spread[:, None] * normals).exp()
        kept = (variances.sum() / (variances * scales.square()).sum(1, keepdim=True)).sqrt()
        return (scales * kept).float()


def _principal_components(dataset: FeatureDataset) -> tuple[np.ndarray, np.ndarray]:
    """Variances in ascending order, and the basis, columns being components."""
    count = dataset.features.shape[1]
    second, first = np.zeros((count, count)), np.zeros(count)
    for start in range(0, len(dataset), _CHUNK):
        part = dataset.normalised(np.arange(start, min(start + _CHUNK, len(dataset)))).astype(np.float64)
        second += part.T @ part
        first += part.sum(0)
    mean = first / len(dataset)
    variances, basis = np.linalg.eigh(second / len(dataset) - np.outer(mean, mean))
    return np.maximum(variances, _FLOOR * variances[-1]), basis
