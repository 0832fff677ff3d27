"""Many matrices, each times a vector."""

import torch

from gpicl.learners.matrix_vector import matrices_times_vectors


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
