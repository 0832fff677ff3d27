"""How long a training step takes, beside what the machine could do: `python benchmarks/training_step.py`."""

import statistics
import sys
import time
from collections.abc import Callable

import torch

from gpicl.learners import build_learner
from gpicl.metatraining.loss import all_position_loss

BATCH, LENGTH, FEATURES, CLASSES, REPEATS = 64, 100, 196, 10, 9
LEARNERS = {
    "TokenTransformer": {"layers": 4, "width": 128, "heads": 4, "key_size": 32},
    "ValueTransformer": {"layers": 4, "width": 128, "heads": 4, "key_size": 32},
    "KernelTransformer": {},
}


def median_seconds(work: Callable[[], object]) -> float:
    """Median of several runs, the first of which is not counted."""
    seconds = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def main() -> None:
    """Time forward, backward and the optimiser's step of the learners that are named, or of all."""
    matrix = torch.randn(2048, 2048).bfloat16()
    peak = 2 * 2048**3 / median_seconds(lambda: matrix @ matrix)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, bf16 peak {peak / 1e9:.0f} GFLOP/s")
    print(f"B = {BATCH}, T = {LENGTH}, F = {FEATURES}, C = {CLASSES}, bf16 autocast, Adam")
    inputs = torch.randn(BATCH, LENGTH, FEATURES)
    labels = torch.randint(CLASSES, (BATCH, LENGTH))
    for name in sys.argv[1:] or LEARNERS:
        learner = build_learner(name, FEATURES, CLASSES, **LEARNERS.get(name, {}))
        optimiser = torch.optim.Adam(learner.parameters())

        def step(learner: torch.nn.Module = learner, optimiser: torch.optim.Optimizer = optimiser) -> None:
            with torch.autocast("cpu", torch.bfloat16):
                loss = all_position_loss(learner(inputs, labels), labels)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()

        seconds = median_seconds(step)
        print(f"{name:<20} {1e3 * seconds:7.0f} ms  {BATCH * LENGTH / seconds:9,.0f} tokens/s")


if __name__ == "__main__":
    main()
