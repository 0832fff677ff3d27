"""Time a sweep of 16 runs with two workers and with one, at the same number of threads per worker.

    python benchmarks/ray_sweep.py

Needs Ray and an idle machine with at least two cores. Starting Ray and its workers is not timed: each engine first does
a warm-up run per worker. The rounds alternate, so that a machine that slows down slows both.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from gpicl.experiments.sweep import SweptRun, open_engine, sweep
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)
from gpicl.runtime import machine_description

RUNS = 16


def make_run(seed: int, steps: int) -> SweptRun:
    """One run of the sweep: a small Transformer on 8x8 digits."""
    return SweptRun(
        RunConfig(
            DataConfig("digits", size=8),
            TaskConfig(),
            LearnerConfig("ValueTransformer", {"layers": 2, "width": 32, "heads": 1, "key_size": 32}),
            TrainingConfig(steps=steps, batch=32, seed=seed),
            TestingConfig(["digits"], episodes=256),
            LoopConfig(progress=False, checkpoint_every=1000, validate_every=1000),
        ),
        {"seed": seed},
    )


def seconds_of_a_sweep(workers: int, steps: int) -> float:
    """Time a sweep from its first run to its last."""
    with tempfile.TemporaryDirectory() as folder, open_engine("ray", workers=workers, threads=1) as engine:
        warm_up = [make_run(1000 + i, 2) for i in range(workers)]
        sweep(warm_up, Path(folder), engine, "warm-up", progress=False)
        started = time.perf_counter()
        failures = sweep([make_run(seed, steps) for seed in range(RUNS)], Path(folder), engine, "timed", progress=False)
        seconds = time.perf_counter() - started
    if failures:
        raise SystemExit(f"Runs failed, so the time does not count: {failures}")
    return seconds


def main() -> None:
    """Time sweeps with one and with two workers, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200, help="steps of each run")
    parser.add_argument("--rounds", type=int, default=2, help="sweeps with each number of workers")
    arguments = parser.parse_args()
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(arguments.rounds):
        for workers in times:
            times[workers].append(seconds_of_a_sweep(workers, arguments.steps))
            print(f"{workers} workers: {times[workers][-1]:.1f} s", flush=True)
    one, two = (statistics.median(times[workers]) for workers in (1, 2))
    print(f"{RUNS} runs of {arguments.steps} steps, 1 thread per worker, on {machine_description()}")
    print(f"one worker {one:.1f} s, two workers {two:.1f} s, ratio {two / one:.2f}")


if __name__ == "__main__":
    main()
