"""Layers that several learners share, and their initial weights."""

import math
from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.non_finite import linear_by_row
from gpicl.learners.operations import gelu, previous_label
from gpicl.runtime import multiplies_in_bf16

# Standard deviation of a standard normal truncated to [-2, 2].
_TRUNCATED_STD = 0.87962566103423978


def variance_scaling_(linear: nn.Linear, scale: float) -> nn.Linear:
    """Draw weights from a truncated normal of variance `scale / fan_in` and set the bias to zero, in place.

    With scale `2 / layers`, the residual stream keeps its size at any depth (as in the paper's code).

    Args:
        linear: The layer.
        scale: Variance of an output for inputs of variance one.
    """
    std = math.sqrt(scale / linear.in_features) / _TRUNCATED_STD
    nn.init.trunc_normal_(linear.weight, std=std, a=-2 * std, b=2 * std)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
    return linear


class FeedForward(nn.Module):
    """`h + W_2 gelu(W_1 LayerNorm(h))`, four times as wide inside.

    Args:
        width: Size d of the residual stream.
        scale: Variance scale of the initial weights.
    """

    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = variance_scaling_(nn.Linear(width, 4 * width), scale)
        self.down = variance_scaling_(nn.Linear(4 * width, width), scale)

    def forward(self, hidden: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
        """Add the block's output to the residual stream."""
        return hidden + self.down(gelu(self.up(self.norm(hidden))))


class StreamMixer(nn.Module):
    """Two small MLPs: `h` reads the classes' mean and maximum, and every class's stream reads `h`.

    Args:
        width: Size d of the class-free stream.
        class_width: Size e of a class's stream.
        scale: Variance scaling of the weights.
    """

    def __init__(self, width: int, class_width: int, scale: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width + 2 * class_width)
        self.up = variance_scaling_(nn.Linear(width + 2 * class_width, 4 * width), scale)
        self.down = variance_scaling_(nn.Linear(4 * width, width), scale)
        self.class_norm = nn.LayerNorm(class_width)
        self.class_up = variance_scaling_(nn.Linear(class_width, 4 * class_width), scale)
        self.shared_up = variance_scaling_(nn.Linear(width, 4 * class_width), scale)
        self.class_down = nn.Linear(4 * class_width, class_width)
        nn.init.zeros_(self.class_down.weight)
        nn.init.zeros_(self.class_down.bias)

    def forward(
        self, hidden: Float[Tensor, "B T d"], per_class: Float[Tensor, "B T C e"]
    ) -> tuple[Float[Tensor, "B T d"], Float[Tensor, "B T C e"]]:
        """Add to each stream what it reads from the other."""
        seen = self.norm(torch.cat([hidden, per_class.mean(2), per_class.amax(2)], 2))
        hidden = hidden + self.down(gelu(self.up(seen)))
        inner = self.class_up(self.class_norm(per_class)) + self.shared_up(hidden)[:, :, None]
        return hidden, per_class + self.class_down(gelu(inner))


class ExampleEncoder(nn.Module):
    """`[x_t ; one-hot(y_{t-1})]`, optionally through ReLU layers; all positions at once.

    WHY a variance of 2 / fan_in: it preserves the size of activations through a ReLU (He et al.). PyTorch's default
    shrinks them to a sixth per layer; after two layers, an outer product of two projections is too small to learn from.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        widths: Size of each ReLU layer; if empty, the pair is returned unchanged.
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
            encoded = linear_by_row(layer, encoded).relu()
        return encoded


class OpenLSTM(nn.LSTM):
    """An LSTM whose forget gates start open: their bias is one, all other biases are zero.

    WHY: the state is useful only if it lasts for many examples, and a gate at one half forgets within a few.

    Args:
        input_size: Size of the LSTM's input.
        hidden: Size H of its state.
    """

    def __init__(self, input_size: int, hidden: int) -> None:
        super().__init__(input_size, hidden)
        for name, parameter in self.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            if name == "bias_ih_l0":
                nn.init.ones_(parameter[hidden : 2 * hidden])  # PyTorch's order is i, f, g, o

    def forward(  # type: ignore[override]  # packed sequences are not used here
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Read a sequence, positions first; see `torch.nn.LSTM`."""
        if multiplies_in_bf16(input.device):
            return super().forward(input, hx)
        # On a CPU without these instructions, PyTorch has no bfloat16 LSTM (its products would only be slow).
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(next(self.parameters()).dtype), hx)
