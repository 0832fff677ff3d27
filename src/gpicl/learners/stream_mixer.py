"""The layer in which a class-free stream and the classes' own streams read each other."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gpicl.learners.gelu import gelu
from gpicl.learners.initialisation import variance_scaling_


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
        """Add to both streams what each reads in the other."""
        seen = self.norm(torch.cat([hidden, per_class.mean(2), per_class.amax(2)], 2))
        hidden = hidden + self.down(gelu(self.up(seen)))
        inner = self.class_up(self.class_norm(per_class)) + self.shared_up(hidden)[:, :, None]
        return hidden, per_class + self.class_down(gelu(inner))
