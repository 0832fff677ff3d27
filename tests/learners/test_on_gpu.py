"""Every learner on a GPU: the logits of the CPU, and no position that depends on a later one."""

import copy

import pytest
import torch

from gpicl.learners import LEARNERS, build_learner

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

FEATURES, CLASSES, LENGTH = 6, 3, 11
SMALL = {
    "TokenTransformer": {"layers": 2, "width": 32, "heads": 2, "key_size": 16},
    "ValueTransformer": {"layers": 2, "width": 32, "heads": 2, "key_size": 16},
    "KernelTransformer": {"layers": 2, "width": 32, "class_width": 8, "heads": 2},
    "KernelSetTransformer": {"layers": 2, "width": 32, "class_width": 8, "heads": 2, "queries": 3},
}
every_learner = pytest.mark.parametrize("name", sorted(LEARNERS))


def _learner(name, dtype=torch.float32):
    torch.manual_seed(0)
    return build_learner(name, FEATURES, CLASSES, **SMALL.get(name, {})).to(dtype)


def _episodes(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(4, LENGTH, FEATURES, generator=generator, dtype=dtype)
    return inputs, torch.randint(CLASSES, (4, LENGTH), generator=generator)


@every_learner
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 2e-3)])
def test_logits_are_those_of_the_cpu(name, dtype, tolerance):
    learner = _learner(name, dtype)
    inputs, labels = _episodes(dtype)
    with torch.no_grad():
        expected = learner(inputs, labels)
        found = copy.deepcopy(learner).cuda()(inputs.cuda(), labels.cuda()).cpu()
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


@every_learner
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e30])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float64])
def test_a_future_that_is_not_finite_never_changes_the_past(name, value, precision):
    dtype = torch.float64 if precision == torch.float64 else torch.float32
    learner = _learner(name, dtype).cuda()
    inputs, labels = (x.cuda() for x in _episodes(dtype))
    with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=precision == torch.bfloat16):
        before = learner(inputs, labels)
        for position in (0, 1, 4, LENGTH - 2):
            changed = inputs.clone()
            changed[:, position + 1 :] = value
            assert torch.equal(before[:, : position + 1], learner(changed, labels)[:, : position + 1])


@every_learner
def test_gradients_are_those_of_the_cpu(name):
    learner = _learner(name, torch.float64)
    if not learner.num_parameters:
        pytest.skip("nothing to meta-train")
    inputs, labels = _episodes(torch.float64)
    on_gpu = copy.deepcopy(learner).cuda()
    learner(inputs, labels).square().sum().backward()
    on_gpu(inputs.cuda(), labels.cuda()).square().sum().backward()
    for parameter, there in zip(learner.parameters(), on_gpu.parameters(), strict=True):
        if parameter.grad is not None:
            torch.testing.assert_close(there.grad.cpu(), parameter.grad, atol=1e-6, rtol=1e-6)
