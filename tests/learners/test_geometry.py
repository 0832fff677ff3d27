"""Geometries of a context agree with what their names promise."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gpicl.learners.geometry import Whitening, read_geometry, see_geometry
from gpicl.learners.operations import _newton_schulz, inverse

SHARE = 0.05


@pytest.fixture
def context():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 15, 8, generator=generator, dtype=torch.float64) * torch.linspace(0.3, 3, 8)
    labels = torch.arange(15)[None] % 3
    return inputs, F.one_hot(labels, 3).double()


@pytest.mark.parametrize("within", [False, True])
def test_whitening_is_the_mahalanobis_geometry_with_some_of_the_total_variance_in_all_directions(context, within):
    inputs, is_class = context
    queries = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    geometry, among = read_geometry(inputs, is_class, (Whitening(SHARE, within),))
    seen = see_geometry(geometry, queries)
    centred = (geometry.centred[0]).numpy()
    asked = ((queries - geometry.mean) / geometry.scale)[0].numpy()
    spread = centred.copy()
    if within:
        classes = is_class[0].argmax(1).numpy()
        for label in range(3):
            spread[classes == label] -= centred[classes == label].mean(0)
    metric = np.linalg.inv(spread.T @ spread + SHARE * np.square(centred).sum() * np.eye(8))

    def cosine(a, b):
        return a @ metric @ b / np.sqrt((a @ metric @ a) * (b @ metric @ b))

    for i in range(4):
        for j in range(15):
            assert seen.cosines[0, 1, i, j].item() == pytest.approx(cosine(asked[i], centred[j]), abs=1e-9)
    assert among.cosines[0, 1, 2, 7].item() == pytest.approx(cosine(centred[2], centred[7]), abs=1e-9)


def test_the_plain_geometry_has_cosines_and_distances_from_the_shrunk_mean(context):
    inputs, is_class = context
    _, among = read_geometry(inputs, is_class)
    centred = inputs[0] - inputs[0].sum(0) / 16
    expected = torch.cosine_similarity(centred[3], centred[5], dim=0)
    assert among.cosines[0, 0, 3, 5].item() == pytest.approx(expected.item(), abs=1e-6)
    apart = (centred[3] - centred[5]).square().sum() / (2 * centred.square().sum(1).mean())
    assert among.distances[0, 0, 3, 5].item() == pytest.approx(apart.item(), rel=1e-5)


def test_an_example_asked_as_a_query_lies_as_it_did_in_the_context(context):
    inputs, is_class = context
    geometry, among = read_geometry(inputs, is_class)
    seen = see_geometry(geometry, inputs)
    torch.testing.assert_close(seen.cosines, among.cosines)
    torch.testing.assert_close(seen.lengths, among.lengths)


def test_inverses_without_lapack_are_the_same():
    generator = torch.Generator().manual_seed(0)
    roots = torch.randn(3, 60, 20, generator=generator)
    matrices = roots @ roots.mT / 20 + 0.03 * torch.eye(60)
    torch.testing.assert_close(_newton_schulz(matrices), inverse(matrices), atol=1e-2, rtol=1e-3)


def test_the_derivative_of_an_inverse_is_that_of_the_general_one():
    x = torch.randn(3, 5, 8, dtype=torch.float64)
    matrices = (x @ x.mT + torch.eye(5, dtype=torch.float64)).requires_grad_()
    grad = torch.randn(3, 5, 5, dtype=torch.float64)
    (found,) = torch.autograd.grad(inverse(matrices), matrices, grad)
    (expected,) = torch.autograd.grad(torch.linalg.inv(matrices), matrices, grad)
    torch.testing.assert_close(found, expected)
