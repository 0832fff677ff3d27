"""Operations that several learners share, each in the form that is fast on the hardware."""

from functools import lru_cache
from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Row size in bytes, and a number type of the same size: a row is copied as one such number.
_AS_ONE = {4: torch.int32, 8: torch.int64, 16: torch.complex128}
# Enough for a condition number of 10^5: once the error is below one, every step squares it.
_ITERATIONS = 24


def previous_label(labels: Int64[Tensor, "B T"], num_classes: int) -> Float[Tensor, "B T C"]:
    """One-hot of `y_{t-1}` at position t, zero at the first position (y-tilde of the paper).

    Args:
        labels: Labels 0..C-1.
        num_classes: Number of classes C.
    """
    one_hot = F.one_hot(labels[:, :-1], num_classes).to(torch.get_default_dtype())
    return F.pad(one_hot, (0, 0, 1, 0))


def precise(x: Tensor) -> Tensor:
    """Return a float64 tensor unchanged, and any other in float32."""
    return x if x.dtype == torch.float64 else x.float()


def gelu(x: Tensor) -> Tensor:
    """GELU in its tanh form; for bfloat16 on a CPU in its exact form, which is equally accurate there.

    WHY: PyTorch's tanh form takes four times as long on a CPU as the exact one, which in bfloat16 is oneDNN's. The two
    functions differ by at most 4.7e-4, a tenth of bfloat16's rounding error for an activation of two. In bfloat16, both
    are equally far from the tanh form in float64, forward and backward (docs/performance.md).

    Args:
        x: Any tensor.
    """
    exact = x.dtype == torch.bfloat16 and x.device.type == "cpu"
    return F.gelu(x, approximate="none" if exact else "tanh")


def fast_tanh_(x: Tensor) -> Tensor:
    """`tanh(x) = 2 sigmoid(2x) - 1`, in place and outside autograd.

    WHY: on a CPU with AVX-512 a sigmoid takes a sixth of the time of a hyperbolic tangent, so that even with four
    passes over memory it is three times as fast. The error is at most 1.5 machine epsilons, which is enough for a gate.

    Args:
        x: Any tensor; overwritten.
    """
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


def joint_linear(inputs: Float[Tensor, "*batch d"], *layers: nn.Linear) -> tuple[Tensor, ...]:
    """Apply several layers of equal width to the same input.

    WHY one product: it is faster than several small ones. WHY separate weights: Muon orthogonalises the update of each
    matrix, and each of these is a separate map.

    Args:
        inputs: Input of all layers.
        layers: Layers with the same number of outputs, all with a bias or all without.

    Returns:
        The outputs, in order.
    """
    weight = torch.cat([layer.weight for layer in layers])
    biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
    joined = F.linear(inputs, weight, torch.cat(biases) if biases else None)
    return tuple(joined.chunk(len(layers), -1))


def matrices_times_vectors(matrices: Float[Tensor, "N n m"], vectors: Float[Tensor, "N m"]) -> Float[Tensor, "N n"]:
    """Multiply each matrix by the vector with the same index.

    WHY as rows times transposed matrices: it is the same product, and PyTorch's batched product on a CPU computes it
    seven times as fast as matrices times columns. So it does the derivatives.

    Args:
        matrices: N matrices.
        vectors: N vectors.
    """
    return torch.bmm(vectors.unsqueeze(1), matrices.mT).squeeze(1)


def permute_rows(x: Tensor, order: tuple[int, ...]) -> Tensor:
    """Return `x.permute(*order, -1)`, contiguous: permutes all axes except the last.

    WHY: if the last axis is short, PyTorch's copy on a CPU runs a separate loop for every row. In half precision, which
    meta-training uses, a row of 4 to 16 bytes is copied as one number instead, in a fifth of the time.

    Args:
        x: Any tensor.
        order: The other axes in their new order.
    """
    if x.device.type == "cpu" and x.dtype == torch.bfloat16 and x.shape[-1] * x.element_size() in _AS_ONE:
        return _PermuteRows.apply(x, order)
    return x.permute(*order, x.ndim - 1).contiguous()


class _PermuteRows(torch.autograd.Function):
    """Copies through another number type, which autograd cannot differentiate by itself."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: tuple[int, ...]) -> Tensor:
        ctx.order = order
        return _permute(x, order)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        inverse = [0] * len(ctx.order)
        for new, old in enumerate(ctx.order):
            inverse[old] = new
        return _permute(grad, tuple(inverse)), None


def _permute(x: Tensor, order: tuple[int, ...]) -> Tensor:
    length = x.shape[-1]
    as_one = _AS_ONE[length * x.element_size()]
    if x.stride(-1) != 1 or any(n % length for n in (x.storage_offset(), *x.stride()[:-1])):
        x = x.contiguous()  # its rows are not aligned to the larger numbers
    return x.view(as_one).permute(*order, x.ndim - 1).contiguous().view(x.dtype)


def inverse(matrices: Float[Tensor, "*batch N N"]) -> Float[Tensor, "*batch N N"]:
    """Invert symmetric positive definite matrices that are well conditioned, up to about 1e5.

    WHY two ways: LAPACK is exact and fast, but ONNX has no such operator. Exported models use Newton-Schulz iterations,
    which need only products and agree to about four digits in float32.
    """
    if torch.jit.is_tracing() or torch.compiler.is_exporting():
        return _newton_schulz(matrices)
    return cast(Tensor, _Inverse.apply(matrices))


class _Inverse(torch.autograd.Function):
    """Uses the Cholesky factor, with the derivative of the inverse, which is cheaper than that of the factor.

    It never waits for a GPU, so that a step can be captured as a graph.
    """

    @staticmethod
    def forward(ctx: Any, matrices: Tensor) -> Tensor:
        # cholesky_ex does not check for errors, so that a GPU need not wait.
        factor = torch.linalg.cholesky_ex(matrices).L
        if factor.is_cuda:
            identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
            root = torch.linalg.solve_triangular(factor, identity.expand_as(factor), upper=False)
            inverted = root.mT @ root
        else:
            inverted = torch.cholesky_inverse(factor)
        ctx.save_for_backward(inverted)
        return inverted

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (inverted,) = ctx.saved_tensors
        return -(inverted @ grad @ inverted)


def _newton_schulz(matrices: Float[Tensor, "*batch N N"]) -> Float[Tensor, "*batch N N"]:
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    # The largest row sum is an upper bound of the largest eigenvalue.
    x = identity / matrices.abs().sum(-1).amax(-1)[..., None, None]
    for _ in range(_ITERATIONS):
        x = x @ (2 * identity - matrices @ x)
    return x


def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return a cached constant tensor; the same object every time.

    Args:
        values: Elements of the tensor.
        dtype: Type of the tensor.
        device: Device of the tensor.
    """
    if torch.compiler.is_exporting():
        return torch.tensor(values, dtype=dtype, device=device)
    return _kept(values, dtype, device)


@lru_cache
def _kept(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # an inference tensor could not be used with gradients
        return torch.tensor(values, dtype=dtype, device=device)
