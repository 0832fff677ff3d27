"""Philox 4x64-10 as a Triton kernel. Imported only on a GPU."""

import torch
import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 128


@triton.jit(do_not_specialize=["seed", "purpose", "stream", "count"])
def _kernel(
    out,
    table,
    tasks,
    draws,
    seed: tl.int64,
    purpose: tl.int64,
    stream: tl.int64,
    count: tl.int64,
    NORMAL: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    block = tl.program_id(1).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    zero = tl.zeros([BLOCK], tl.uint64)
    c0 = (block + 1).to(tl.uint64)
    c1 = zero + tl.load(tasks + row).to(tl.uint64, bitcast=True)
    c2 = zero + tl.load(draws + row).to(tl.uint64, bitcast=True)
    c3 = zero + stream.to(tl.int64).to(tl.uint64, bitcast=True)
    k0 = zero + seed.to(tl.int64).to(tl.uint64, bitcast=True)
    k1 = zero + purpose.to(tl.int64).to(tl.uint64, bitcast=True)
    c0, c1, c2, c3 = tl.philox_impl(c0, c1, c2, c3, k0, k1)
    # Neighbouring threads must store neighbouring numbers. `join` adds the fastest index, so the words stay in order.
    words = tl.join(tl.join(c0, c2), tl.join(c1, c3))
    if NORMAL:
        # Four levels of 16 bits in each word, the lowest first.
        pairs = tl.join(tl.join(words, words >> 32), tl.join(words >> 16, words >> 48))
        levels = tl.reshape((pairs & 0xFFFF).to(tl.int32), [16 * BLOCK])
        place = tl.program_id(1).to(tl.int64) * (16 * BLOCK) + tl.arange(0, 16 * BLOCK)
        tl.store(out + row * count + place, tl.load(table + levels), mask=place < count)
    else:
        place = tl.program_id(1).to(tl.int64) * (4 * BLOCK) + tl.arange(0, 4 * BLOCK)
        values = tl.reshape(words, [4 * BLOCK]).to(tl.int64, bitcast=True)
        tl.store(out + row * count + place, values, mask=place < count)


def draw(key: tuple[int, int], tasks: Tensor, draws: Tensor, stream: int, count: int, table: Tensor | None) -> Tensor:
    """Draw words or normals; see `gpicl.tasks.philox.draw`."""
    normal = table is not None
    out = torch.empty(len(tasks), count, dtype=torch.float32 if normal else torch.int64, device=tasks.device)
    grid = (len(tasks), triton.cdiv(count, (16 if normal else 4) * _BLOCK))
    seed, purpose = (word - 2**64 if word >= 2**63 else word for word in key)
    with torch.cuda.device_of(tasks):
        _kernel[grid](
            out, table if normal else out, tasks, draws, seed, purpose, stream, count, NORMAL=normal, BLOCK=_BLOCK
        )
    return out
