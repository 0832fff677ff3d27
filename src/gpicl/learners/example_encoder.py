"""What the recurrent learners do with an example before they remember it."""

from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.initialisation import variance_scaling_
from gpicl.learners.previous_label import previous_label


class ExampleEncoder(nn.Module):
    """`[x_t ; one-hot(y_{t-1})]`, optionally through ReLU layers; all positions at once.

    WHY a variance of 2 / fan_in: it keeps the size of what passes a ReLU (He et al.). PyTorch's default shrinks it to a
    sixth per layer, and behind two of them an outer product of two projections is too small to learn from.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        widths: Size of each ReLU layer; none leaves the pair as it is.
    """

    def __init__(self, num_features: int, num_classes: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.num_classes = num_classes
        sizes = (num_features + num_classes, *widths)
        self.layers = nn.ModuleList(variance_scaling_(nn.Linear(n, m), 2.0) for n, m in pairwise(sizes))
        self.size = sizes[-1]

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "T B H"]:
        """Encode every example; positions first, so that a recurrence reads contiguous memory."""
        before = previous_label(labels, self.num_classes).to(inputs.dtype)
        encoded = torch.cat([inputs, before], 2).transpose(0, 1).contiguous()
        for layer in self.layers:
            encoded = layer(encoded).relu()
        return encoded
