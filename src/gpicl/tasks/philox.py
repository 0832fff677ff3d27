"""Philox 4x64-10 for devices other than the CPU; it gives the same numbers as NumPy's generator.

Block i of a row has the counter (i + 1, id, draw, stream) and gives words 4i..4i+3, because NumPy increments the
counter before it draws.
"""

import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

_LOW = 0xFFFFFFFF
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10


def draw(
    key: tuple[int, int],
    tasks: Int64[Tensor, " B"],
    draws: Int64[Tensor, " B"] | None,
    stream: int,
    count: int,
    table: Float32[Tensor, "65536"] | None = None,
) -> Tensor:
    """Draw words, or normals if a table of quantiles is given.

    Args:
        key: Seed and purpose.
        tasks: Second word of the counter.
        draws: Third word of the counter; None for zero.
        stream: Fourth word of the counter.
        count: Number of words or normals for every row.
        table: Quantiles of the standard normal, on the same device.

    Returns:
        `[B, count]`: words as int64, or normals as float32.
    """
    draws = torch.zeros_like(tasks) if draws is None else draws
    kernel = _kernel() if tasks.is_cuda else None
    if kernel is not None:
        return kernel(key, tasks, draws, stream, count, table)
    words = draw_with_tensors(key, tasks, draws, stream, count if table is None else -(-count // 4))
    if table is None:
        return words
    return table[words.view(torch.int16).long()[:, :count] & 0xFFFF]


@cache
def _kernel() -> Callable[..., Tensor] | None:
    """Return the Triton kernel, or None if this machine cannot compile it."""
    if find_spec("triton") is None:
        return None
    from gpicl.tasks import philox_triton

    one = torch.zeros(1, dtype=torch.int64, device="cuda" if torch.cuda.is_available() else "cpu")
    try:
        philox_triton.draw((0, 0), one, one, 0, 4, None)
    except Exception as error:  # from Triton, the C compiler that it calls, or the driver
        reason = " ".join(str(error).split())
        warnings.warn(
            f"Random numbers are drawn without Triton, which gives the same numbers but takes longer: {reason} Triton "
            "needs a C compiler and Python's header files (on Debian: apt install gcc python3-dev).",
            stacklevel=3,
        )
        return None
    return philox_triton.draw


def draw_with_tensors(
    key: tuple[int, int], tasks: Int64[Tensor, " B"], draws: Int64[Tensor, " B"], stream: int, count: int
) -> Int64[Tensor, "B {count}"]:
    """Draw words with operations on int64 tensors: slow, but identical on every device of PyTorch."""
    blocks = torch.arange(1, -(-count // 4) + 1, device=tasks.device)
    counter = [
        blocks.expand(len(tasks), -1),
        tasks[:, None].expand(-1, len(blocks)),
        draws[:, None].expand(-1, len(blocks)),
        torch.full_like(blocks, stream).expand(len(tasks), -1),
    ]
    for i in range(_ROUNDS):
        keys = [_signed(k + i * weyl) for k, weyl in zip(key, _WEYL, strict=True)]
        (high_0, low_0), (high_2, low_2) = (
            _multiply(counter[0], _MULTIPLIERS[0]),
            _multiply(counter[2], _MULTIPLIERS[1]),
        )
        counter = [high_2 ^ counter[1] ^ keys[0], low_2, high_0 ^ counter[3] ^ keys[1], low_0]
    return torch.stack(counter, 2).flatten(1)[:, :count].contiguous()


def _multiply(x: Int64[Tensor, "*n"], by: int) -> tuple[Int64[Tensor, "*n"], Int64[Tensor, "*n"]]:
    """Return the high and the low 64 bits of a product of unsigned numbers."""
    x_low, x_high, by_low, by_high = x & _LOW, (x >> 32) & _LOW, by & _LOW, by >> 32
    low, cross, other = x_low * by_low, x_low * by_high, x_high * by_low
    carry = ((low >> 32) & _LOW) + (cross & _LOW) + (other & _LOW)
    high = x_high * by_high + ((cross >> 32) & _LOW) + ((other >> 32) & _LOW) + ((carry >> 32) & _LOW)
    return high, x * _signed(by)


def _signed(word: int) -> int:
    """Return the same 64 bits as a signed number."""
    word %= 2**64
    return word - 2**64 if word >= 2**63 else word
