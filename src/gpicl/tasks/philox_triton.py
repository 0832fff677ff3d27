"""Philox 4x64-10 as a Triton kernel. Imported on a GPU only."""

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
    if NORMAL:
        _store_normals(out, table, row, count, block * 16, c0)
        _store_normals(out, table, row, count, block * 16 + 4, c1)
        _store_normals(out, table, row, count, block * 16 + 8, c2)
        _store_normals(out, table, row, count, block * 16 + 12, c3)
    else:
        _store(out, row, count, block * 4, c0.to(tl.int64, bitcast=True))
        _store(out, row, count, block * 4 + 1, c1.to(tl.int64, bitcast=True))
        _store(out, row, count, block * 4 + 2, c2.to(tl.int64, bitcast=True))
        _store(out, row, count, block * 4 + 3, c3.to(tl.int64, bitcast=True))


@triton.jit
def _store_normals(out, table, row, count, place, word):
    for part in tl.static_range(4):
        level = ((word >> (16 * part)) & 0xFFFF).to(tl.int32)
        _store(out, row, count, place + part, tl.load(table + level))


@triton.jit
def _store(out, row, count, place, value):
    tl.store(out + row * count + place, value, mask=place < count)


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
