"""The activation, which on a CPU in bfloat16 is computed by another formula."""

import pytest
import torch
from torch.nn import functional as F

from gpicl.learners.gelu import gelu


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
