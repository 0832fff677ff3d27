"""The pre-normalised feed-forward half of a Transformer block."""

from jaxtyping import Float
from torch import Tensor, nn

from gpicl.learners.gelu import gelu
from gpicl.learners.initialisation import variance_scaling_


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
