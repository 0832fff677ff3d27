"""How long a training step takes, beside what the machine could do: `python benchmarks/training_step.py`."""

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch

from gpicl.learners import build_learner
from gpicl.metatraining.loss import all_position_loss
from gpicl.metatraining.precision import lightning_precision

LENGTH, FEATURES, CLASSES = 100, 196, 10
TRANSFORMER = {"layers": 4, "width": 128, "heads": 4, "key_size": 32}


class Case(NamedTuple):
    """A learner as it is compared: its options, episodes per step, and the authors' JAX code on the same machine."""

    options: dict[str, Any]
    batch: int = 64
    jax: float | None = None  # milliseconds per step


CASES = {
    "TokenTransformer": Case(TRANSFORMER),
    "ValueTransformer": Case(TRANSFORMER),
    "KernelTransformer": Case({}),
    "LSTM": Case({"hidden": 256}, jax=267),
    "OuterProductLSTM": Case({"hidden": 64}, jax=672),
    "FastWeightMemory": Case({"hidden": 64}, jax=347),
    "VSML": Case({}, batch=8, jax=3385),
    "VSMLWithoutSymmetries": Case({"k": 8}, jax=1019),
    "MAML": Case({"depth": 2, "width": 128}, batch=16, jax=572),
    "SGD": Case({"depth": 0}, jax=42),
}


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of several runs, the first of which is not counted."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def step_seconds(name: str, case: Case, half: bool, repeats: int) -> float:
    """Seconds of forward, backward and the optimiser's step; of the forward pass where nothing is meta-trained."""
    inputs = torch.randn(case.batch, LENGTH, FEATURES)
    labels = torch.randint(CLASSES, (case.batch, LENGTH))
    learner = build_learner(name, FEATURES, CLASSES, **case.options)
    trained = learner.num_parameters > 0
    optimiser = torch.optim.Adam(learner.parameters()) if trained else None

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            loss = all_position_loss(learner(inputs, labels), labels)
        if optimiser is not None:
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()

    return median_seconds(step, repeats)


def main() -> None:
    """Time the learners that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("learners", nargs="*", choices=[[], *CASES], help="all if none is named")
    parser.add_argument("--precision", choices=("auto", "bf16", "fp32"), default="auto")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    half = lightning_precision(options.precision, torch.device("cpu")) == "bf16-mixed"
    matrix = torch.randn(2048, 2048, dtype=torch.bfloat16 if half else torch.float32)
    peak = 2 * 2048**3 / median_seconds(lambda: matrix @ matrix, options.repeats)
    precision = "bf16" if half else "fp32"
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {precision} peak {peak / 1e9:.0f} GFLOP/s")
    print(f"T = {LENGTH}, F = {FEATURES}, C = {CLASSES}, Adam; JAX: the authors' code on 2 cores with AVX-512, once")
    print(f"{'learner':<22} {'B':>3} {'step':>10} {'tokens/s':>10} {'JAX':>10}")
    for name in options.learners or CASES:
        case = CASES[name]
        seconds = step_seconds(name, case, half, options.repeats)
        jax = f"{case.jax:7.0f} ms" if case.jax else ""
        tokens = case.batch * LENGTH / seconds
        print(f"{name:<22} {case.batch:>3} {1e3 * seconds:7.0f} ms {tokens:10,.0f} {jax:>10}", flush=True)


if __name__ == "__main__":
    main()
