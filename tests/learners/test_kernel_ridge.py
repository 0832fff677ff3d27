"""Kernel ridge regression in closed form is what it says, also where an example is left out."""

import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from torch.nn import functional as F

from gpicl.learners.geometry import read_geometry, see_geometry
from gpicl.learners.kernel_ridge import PLAIN, ask, count_opinions, solve


@pytest.fixture
def context():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 18, 5, generator=generator, dtype=torch.float64)
    return inputs, F.one_hot(torch.arange(18)[None] % 3, 3).double()


def cosine_kernel(a, b):
    return ((1 + F.normalize(a, dim=1) @ F.normalize(b, dim=1).mT) / 2) ** PLAIN[0].power


def test_queries_get_what_scikit_learn_gives_them(context):
    inputs, is_class = context
    queries = torch.randn(1, 6, 5, dtype=torch.float64)
    geometry, among = read_geometry(inputs, is_class)
    solution, _ = solve(among, is_class)
    scores = ask(solution, see_geometry(geometry, queries)).scores[0, :, :, 0]
    centred, asked = geometry.centred[0], (queries - geometry.mean)[0]
    machine = KernelRidge(alpha=PLAIN[0].ridge, kernel="precomputed")
    machine.fit(cosine_kernel(centred, centred).numpy(), (is_class[0] - solution.prior[0, 0]).numpy())
    expected = torch.from_numpy(machine.predict(cosine_kernel(asked, centred).numpy())) + solution.prior[0, 0]
    torch.testing.assert_close(scores, expected, atol=1e-6, rtol=1e-6)


def test_an_example_is_predicted_as_if_it_had_been_left_out(context):
    inputs, is_class = context
    geometry, among = read_geometry(inputs, is_class)
    solution, opinions = solve(among, is_class)
    kernel = cosine_kernel(geometry.centred[0], geometry.centred[0])
    others = [i for i in range(18) if i != 4]
    ridge = PLAIN[0].ridge * torch.eye(17, dtype=torch.float64)
    targets = is_class[0, others] - solution.prior[0, 0]
    expected = kernel[4, others] @ torch.linalg.solve(kernel[others][:, others] + ridge, targets) + solution.prior[0, 0]
    torch.testing.assert_close(opinions.scores[0, 4, :, 0], expected[0], atol=1e-6, rtol=1e-6)


def test_doubt_is_small_beside_an_example_and_large_far_away(context):
    inputs, is_class = context
    geometry, among = read_geometry(inputs, is_class)
    solution, _ = solve(among, is_class)
    laplace = 2
    near, far = (ask(solution, see_geometry(geometry, q)).doubts[0, 0, laplace] for q in (inputs, 50 * inputs))
    assert near < 0.3
    assert far > 0.9


def test_every_geometry_has_its_kernels(context):
    inputs, is_class = context
    _, among = read_geometry(inputs, is_class)
    _, opinions = solve(among, is_class)
    assert opinions.scores.shape == (1, 18, 3, count_opinions(4))
    assert opinions.doubts.shape == (1, 18, count_opinions(4))
