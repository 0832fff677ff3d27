"""Inverses of positive definite matrices, also where there is nothing but products."""

import torch
from jaxtyping import Float
from torch import Tensor

# Enough for a condition number of 10^5: every step squares what is missing, once it is below one.
_ITERATIONS = 24


def inverse(matrices: Float[Tensor, "*batch N N"]) -> Float[Tensor, "*batch N N"]:
    """Invert symmetric positive definite matrices whose smallest eigenvalue is not near rounding errors.

    WHY two ways: LAPACK is exact and fast, and ONNX does not have it. There, Newton-Schulz iterations need nothing but
    products; they agree to about four digits in float32.

    Args:
        matrices: The matrices.
    """
    if torch.jit.is_tracing() or torch.compiler.is_exporting():
        return _newton_schulz(matrices)
    # _ex: no check, so that a GPU need not wait.
    if torch.is_grad_enabled():
        return torch.linalg.inv_ex(matrices).inverse
    # A third of the operations; its derivative would take more than it saves.
    return torch.cholesky_inverse(torch.linalg.cholesky_ex(matrices).L)


def _newton_schulz(matrices: Float[Tensor, "*batch N N"]) -> Float[Tensor, "*batch N N"]:
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    # The largest row sum is no less than the largest eigenvalue.
    x = identity / matrices.abs().sum(-1).amax(-1)[..., None, None]
    for _ in range(_ITERATIONS):
        x = x @ (2 * identity - matrices @ x)
    return x
