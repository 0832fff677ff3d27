"""The Muon optimiser: momentum steps orthogonalised to equal length in every direction."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from gpicl.runtime import multiplies_in_bf16

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Muon(Optimizer):
    """Momentum, orthogonalised by Newton-Schulz iterations (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

    WHY not `torch.optim.Muon`, which takes the same steps: it always iterates in bfloat16, which a CPU without such
    instructions emulates a hundred times slower than float32. It also processes one matrix at a time, while here all
    matrices of the same shape are multiplied together.

    Args:
        matrices: Weights `[n, m]`.
        learning_rate: Size of a step; multiplied by `sqrt(n / m)` for tall matrices.
        momentum: Share of the past in the averaged gradient (Nesterov momentum).
        weight_decay: Before each step the weights are multiplied by `1 - learning_rate * weight_decay`. Every step has
            the same length, so without decay matrices grow throughout training, until bfloat16 no longer resolves
            their products.
    """

    def __init__(
        self, matrices: Iterable[Tensor], learning_rate: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(matrices, {"lr": learning_rate, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alike: dict[tuple[torch.Size, torch.device], list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[weight.shape, weight.device].append(weight)
            for (shape, _), weights in alike.items():
                averaged = [self._averaged(w, w.grad, group["momentum"]) for w in weights if w.grad is not None]
                updates = orthogonalise(torch.stack(averaged))
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                updates.mul_(rate)
                for weight, update in zip(weights, updates, strict=True):
                    weight.sub_(update)
        return loss

    def _averaged(self, weight: Tensor, grad: Tensor, momentum: float) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        average = state["momentum_buffer"].lerp_(grad, 1 - momentum)
        return grad.lerp(average, momentum)


def orthogonalise(matrices: Float[Tensor, "N n m"]) -> Float[Tensor, "N n m"]:
    """Bring the singular values of matrices close to one without changing their singular vectors.

    Args:
        matrices: Stack of matrices of the same shape.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    if multiplies_in_bf16(matrices.device):
        x = x.bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    x = x.to(matrices.dtype)
    return x.mT if tall else x
