"""Muon takes the steps of torch's own, in the precision that the machine multiplies in."""

import pytest
import torch

from gpicl.metatraining.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(24, 60), (12, 40), (40, 12)])
def test_singular_values_come_near_to_one_and_vectors_stay(shape):
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape)
    moved = orthogonalise(matrices)
    assert moved.shape == matrices.shape
    values = torch.linalg.svdvals(moved.double())
    assert values.min() > 0.3
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrices.double(), full_matrices=False)
    within = u.mT @ moved.double() @ v.mT
    off_diagonal = within - torch.diag_embed(within.diagonal(dim1=1, dim2=2))
    assert off_diagonal.abs().max() < 0.05


@pytest.mark.parametrize("decay", [0.0, 1.0, 5.0])
def test_steps_are_those_of_torch(decay):
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(*shape)) for shape in ((8, 20), (20, 8), (8, 20))]
    theirs = [torch.nn.Parameter(weight.detach().clone()) for weight in ours]
    optimisers = Muon(ours, 0.02, weight_decay=decay), torch.optim.Muon(theirs, 0.02, weight_decay=decay)
    for _ in range(4):
        for weight, twin in zip(ours, theirs, strict=True):
            weight.grad = torch.randn_like(weight)
            twin.grad = weight.grad.clone()
        for optimiser in optimisers:
            optimiser.step()
    # Torch's iterates in bfloat16, whose rounding the step of 0.02 shrinks to this.
    for weight, twin in zip(ours, theirs, strict=True):
        assert torch.allclose(weight, twin, atol=4e-3)


def test_matrices_of_one_shape_do_not_mix():
    torch.manual_seed(0)
    matrices = torch.randn(2, 6, 9)
    together = orthogonalise(matrices)
    assert torch.allclose(together[0], orthogonalise(matrices[:1])[0], atol=1e-2)
    assert not torch.allclose(together[0], together[1], atol=1e-1)


@pytest.mark.parametrize(("decay", "largest"), [(0.0, 6.0), (1.0, 1.3)])
def test_decay_keeps_matrices_from_growing_for_as_long_as_they_are_trained(decay, largest):
    """Steps in one direction add up without decay; with it they end where decay and step balance."""
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(8, 8))
    optimiser = Muon([weight], 0.02, weight_decay=decay)
    direction = torch.randn(8, 8)
    for _ in range(300):
        weight.grad = direction.clone()
        optimiser.step()
    norm = torch.linalg.matrix_norm(weight.detach(), 2).item()
    assert norm < largest if decay else norm > largest / 2
