"""How far gradients in bfloat16 are from those in float32, with the backward pass outside and inside of autocast.

A step that is taken as a whole runs inside Lightning's autocast. This shows which learners would lose precision if it
did not turn autocast off for the backward pass.

    python benchmarks/gradient_precision.py
"""

import statistics

import torch
from torch import Tensor

from gpicl.experiments.comparison import ENTRIES
from gpicl.learners import Learner, build_learner
from gpicl.metatraining.loss import all_position_loss
from gpicl.report import markdown_table

FEATURES, CLASSES, BATCH, LENGTH, SEEDS = 64, 10, 4, 60, 3
# Output layers that start at zero would give all other weights a gradient of zero.
NOISE = 0.02


def gradient(learner: Learner, inputs: Tensor, labels: Tensor, bf16: bool, inside: bool) -> Tensor:
    """Return the gradient of the loss, flattened."""
    learner.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16, cache_enabled=False):
        loss = all_position_loss(*learner.training_logits(inputs, labels, 0))
        if inside:
            loss.backward()
    if not inside:
        loss.backward()
    return torch.cat([p.grad.flatten() for p in learner.parameters() if p.grad is not None])


def errors(name: str, options: dict[str, object]) -> list[float]:
    """Return the median relative error of the gradient, outside and inside of autocast."""
    found = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        learner = build_learner(name, FEATURES, CLASSES, **options).train()
        for parameter in learner.parameters():
            parameter.data.add_(NOISE * torch.randn_like(parameter))
        inputs, labels = torch.randn(BATCH, LENGTH, FEATURES), torch.randint(CLASSES, (BATCH, LENGTH))
        exact = gradient(learner, inputs, labels, False, False)
        found.append(
            [
                float((gradient(learner, inputs, labels, True, inside) - exact).norm() / exact.norm())
                for inside in (False, True)
            ]
        )
    return [statistics.median(column) for column in zip(*found, strict=True)]


def main() -> None:
    """Print a row for every learner that is meta-trained."""
    rows = []
    for entry in ENTRIES:
        options = {} if entry.classical else dict(entry.config().learner.options)
        if not entry.classical and build_learner(entry.name, FEATURES, CLASSES, **options).num_parameters:
            rows.append([entry.name, *(f"{100 * error:.1f} %" for error in errors(entry.name, options))])
    print(markdown_table(["learner", "outside", "inside"], rows))


if __name__ == "__main__":
    main()
