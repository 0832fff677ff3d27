"""The shared operations: each gives what its plain form gives."""

import pytest
import torch
from torch.nn import functional as F

from gpicl.learners.operations import gelu, matrices_times_vectors, permute_rows

ORDER = (0, 2, 3, 1)


def tanh_form(x):
    return F.gelu(x, approximate="tanh")


def with_slope(function, x):
    x = x.clone().requires_grad_()
    y = function(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach().double(), slope.double()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_in_full_precision_it_is_the_tanh_form_to_the_bit(dtype):
    x = torch.linspace(-6, 6, 1001, dtype=dtype)
    assert torch.equal(gelu(x), tanh_form(x))


def test_in_half_precision_it_is_as_near_to_the_tanh_form_as_the_tanh_form_in_half_precision_is():
    x = 1.5 * torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    x = x.bfloat16()
    exact = with_slope(tanh_form, x.double())
    for ours, theirs, truth in zip(with_slope(gelu, x), with_slope(tanh_form, x), exact, strict=True):
        ours_off, theirs_off = (a - truth for a in (ours, theirs))
        assert ours_off.square().mean() < 1.1 * theirs_off.square().mean()
        assert ours_off.abs().max() < 1.25 * theirs_off.abs().max()


def test_every_matrix_is_multiplied_by_its_own_vector_and_so_are_the_gradients():
    matrices = torch.randn(5, 3, 4, dtype=torch.float64, requires_grad=True)
    vectors = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    product = matrices_times_vectors(matrices, vectors)
    expected = torch.einsum("nij,nj->ni", matrices, vectors)
    torch.testing.assert_close(product, expected)
    weights = torch.randn(5, 3, dtype=torch.float64)
    ours = torch.autograd.grad((product * weights).sum(), (matrices, vectors))
    plain = torch.autograd.grad((expected * weights).sum(), (matrices, vectors))
    torch.testing.assert_close(ours, plain)


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


def test_unaligned_rows_and_gradients_that_are_not_contiguous_are_moved():
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
