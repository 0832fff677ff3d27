"""An MLP that learns from the context by gradient descent, with the earlier reproduction's faults."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from gpicl.experiments.ablation.earlier_tokens import scaled_down
from gpicl.learners import SGD


class EarlierSGD(SGD):
    """An `SGD` learner whose inputs and logits are those of the earlier reproduction's MLP.

    The steps are `torch.optim.Adam`'s; the networks of a batch stand side by side, and no sum goes over more than one.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        learning_rate: Of Adam.
        depth: Hidden ReLU layers.
        width: Size of each.
        small: Projections have the standard deviation 1/F in place of 1/sqrt(F).
        normalised: Every feature is normalised after the projection.
        final_relu: The logits pass a ReLU too, so that none of them is below zero.
        seed: Which initial network.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        learning_rate: float = 1e-3,
        depth: int = 2,
        width: int = 64,
        small: bool = True,
        normalised: bool = True,
        final_relu: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__(
            num_features, num_classes, "adam", learning_rate, depth=depth, width=width, init_scale=2**0.5, seed=seed
        )
        self.small, self.normalised, self.final_relu = small and not normalised, normalised, final_relu

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from what came before it; see `Learner.forward`."""
        with torch.autocast(inputs.device.type, enabled=False), torch.enable_grad():
            examples = F.pad(scaled_down(inputs) if self.small else inputs, (0, 1), value=1.0)
            layers = [weights.repeat(len(inputs), 1, 1).requires_grad_() for weights in self.initial]
            adam = torch.optim.Adam(layers, self.optimiser.learning_rate)
            predictions = []
            for t in range(inputs.shape[1]):
                logits = self._predict(layers, examples[:, t])
                predictions.append(logits.detach())
                adam.zero_grad()
                F.cross_entropy(logits, labels[:, t], reduction="sum").backward()
                adam.step()
        return torch.stack(predictions, 1)

    def _predict(self, layers: list[Tensor], example: Tensor) -> Tensor:
        """Pass one example through every network; the last row of a layer's weights is its bias."""
        hidden = example.unsqueeze(1)
        for layer, weights in enumerate(layers):
            hidden = torch.bmm(hidden, weights)
            if layer < len(layers) - 1:
                hidden = F.pad(hidden.relu(), (0, 1), value=1.0)
        logits = hidden.squeeze(1)
        return logits.relu() if self.final_relu else logits
