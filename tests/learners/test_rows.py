"""Rows that are moved as one number each."""

import pytest
import torch

from gpicl.learners.rows import permute_rows

ORDER = (0, 2, 3, 1)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 16])
def test_values_and_gradients_are_those_of_a_plain_permutation(dtype, length):
    x = torch.randn(2, 3, 5, 4, length).to(dtype).requires_grad_()
    weights = torch.randn(2, 5, 4, 3, length).to(dtype)
    expected = x.permute(*ORDER, 4)
    moved = permute_rows(x, ORDER)
    assert torch.equal(moved, expected)
    assert moved.is_contiguous()
    (gradient,) = torch.autograd.grad((moved * weights).sum(), x)
    (plain,) = torch.autograd.grad((expected * weights).sum(), x)
    assert torch.equal(gradient, plain)


def test_rows_that_begin_anywhere_and_gradients_that_are_laid_out_anyhow_are_moved_too():
    wide = torch.randn(2, 3, 5, 23).bfloat16()
    x = wide[..., 3:].unflatten(3, (5, 4)).requires_grad_()
    moved = permute_rows(x, ORDER)
    assert torch.equal(moved, x.permute(*ORDER, 4))
    (gradient,) = torch.autograd.grad(moved, x, torch.ones(()).bfloat16().expand(moved.shape))
    assert torch.equal(gradient, torch.ones_like(x))


def test_special_numbers_pass_unchanged():
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(1, 8, 4, 256, 8)
    moved = permute_rows(bits.view(torch.bfloat16), ORDER)
    assert torch.equal(moved.view(torch.int16), bits.permute(*ORDER, 4))
