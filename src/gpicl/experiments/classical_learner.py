"""Classical learners as learners of this package, so that a grid of runs can hold them next to meta-trained ones."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.errors import UnknownNameError
from gpicl.learners import Learner
from gpicl.metatesting import CLASSICAL
from gpicl.metatesting.classical import ROTATED, in_fewer_features, predict_classically


class ClassicalLearner(Learner):
    """A scikit-learn classifier, fitted from scratch at every position. Nothing is meta-trained.

    Its logits are 1 for the predicted class and 0 for the others. A loss computed from them has no meaning.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        classifier: One of `CLASSICAL`.

    Raises:
        UnknownNameError: If `classifier` is not in `CLASSICAL`.
    """

    def __init__(self, num_features: int, num_classes: int, classifier: str = "NearestNeighbour") -> None:
        super().__init__(num_features, num_classes)
        if classifier not in CLASSICAL:
            raise UnknownNameError("classical learner", classifier, CLASSICAL)
        self.classifier = classifier

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        return self.predict(inputs, labels, range(1, inputs.shape[1] + 1))

    def predict(
        self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"], positions: Sequence[int]
    ) -> Float[Tensor, "B P C"]:
        """Predict the labels at some positions, each with a classifier fitted to the examples before it."""
        answers = np.stack(
            [
                predict_classically(self.classifier, self._rotated(episode), known, positions)
                for episode, known in zip(
                    inputs.detach().float().cpu().numpy(), labels.detach().cpu().numpy(), strict=True
                )
            ]
        )
        found = torch.from_numpy(answers).to(inputs.device)
        return torch.nn.functional.one_hot(found, self.num_classes).float()

    def _rotated(self, inputs: np.ndarray) -> np.ndarray:
        return in_fewer_features(inputs) if self.classifier in ROTATED else inputs

    def state_size(self, length: int = 100) -> int:
        """The examples with their labels: `T (F + 1)`."""
        return length * (self.num_features + 1)
