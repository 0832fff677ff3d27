"""A meta-training step of every learner in two versions of the package, timed in turn.

    git worktree add ../before COMMIT
    python benchmarks/paired_steps.py ../before/src src

Each version runs in its own process on one thread; they take turns, so that a machine that changes its speed changes
both. The ratio is the median over the pairs with a 95 % bootstrap interval; below 1, the second version is faster.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

import numpy as np

_BATCH, _LENGTH, _FEATURES, _CLASSES = 16, 50, 64, 10
_SECONDS = 0.05  # of one measurement


def main() -> None:
    """Print a row of Markdown per learner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="folder `src` of one version")
    parser.add_argument("after", type=Path, help="folder `src` of the other")
    parser.add_argument("--learners", help="comma-separated names; default: all that both versions have")
    parser.add_argument("--pairs", type=int, default=41)
    options = parser.parse_args()
    # Not at the top of the file: the version before may not have it.
    from gpicl.bench.groups import PARTS, PUBLISHED_SIZES

    versions = [Version(options.before), Version(options.after)]
    both = [name for name in versions[1].names if name in versions[0].names]
    random = np.random.default_rng(0)
    print("| learner | before, ms | after, ms | ratio |\n|---|--:|--:|--:|")
    for name in options.learners.split(",") if options.learners else both:
        # The sizes that `gpicl bench` measures.
        batch = max(1, _BATCH // PARTS.get(name, 1))
        learner = {"name": name, "options": PUBLISHED_SIZES.get(name, {}), "batch": batch}
        steps = max(1, int(_SECONDS / max(versions[0].seconds(learner, 2), 1e-4)))
        versions[1].seconds(learner, steps)
        times: tuple[list[float], list[float]] = ([], [])
        for pair in range(options.pairs):
            for which in (0, 1) if pair % 2 else (1, 0):
                times[which].append(versions[which].seconds(learner, steps))
        logs = np.log(np.divide(times[1], times[0]))
        draws = np.median(random.choice(logs, (2000, len(logs))), axis=1)
        low, high = np.exp(np.quantile(draws, [0.025, 0.975]))
        ratio = f"{np.exp(np.median(logs)):.3f} ({low:.3f} to {high:.3f})"
        print(f"| {name} | {1000 * median(times[0]):.1f} | {1000 * median(times[1]):.1f} | {ratio} |", flush=True)


class Version:
    """A process that takes steps with one version of the package.

    Args:
        source: Its folder `src`.

    Attributes:
        names: Learners of the version.
    """

    def __init__(self, source: Path) -> None:
        if not (source / "gpicl").is_dir():
            raise SystemExit(f"There is no package gpicl in {source}; give the folder src of a checkout.")
        surroundings = {**os.environ, "PYTHONPATH": str(source.resolve()), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self._asks, self._answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        self.names = self._answer().split()

    def seconds(self, learner: dict[str, Any], steps: int) -> float:
        """Take steps, and return the CPU seconds of one."""
        self._asks.write(json.dumps({**learner, "steps": steps}) + "\n")
        return float(self._answer())

    def _answer(self) -> str:
        line = self._answers.readline()
        if not line:
            raise SystemExit("One of the versions stopped; its error is above.")
        return line


def serve() -> None:
    """Take as many steps of a learner as each line of the standard input says, and print the CPU seconds of one."""
    from gpicl.learners import LEARNERS

    print(*LEARNERS, flush=True)
    made: dict[str, Callable[[], None]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        name = order["name"]
        if name not in made:
            made = {name: _make_step(name, order["options"], order["batch"])}
            made[name]()
        started = time.process_time()
        for _ in range(order["steps"]):
            made[name]()
        print((time.process_time() - started) / order["steps"], flush=True)


def _make_step(name: str, options: dict[str, Any], batch: int) -> Callable[[], None]:
    """Return a function that takes forward and backward pass and Adam's step, or only the forward pass.

    WHY not the step of `gpicl bench`: older versions have other modules, and both must do the same work.
    """
    import torch

    from gpicl.learners import build_learner
    from gpicl.metatraining.loss import all_position_loss

    torch.set_num_threads(1)
    torch.manual_seed(0)
    learner = build_learner(name, _FEATURES, _CLASSES, **options).train()
    inputs, labels = torch.randn(batch, _LENGTH, _FEATURES), torch.randint(_CLASSES, (batch, _LENGTH))
    parameters = list(learner.parameters())
    optimiser = torch.optim.Adam(parameters) if parameters else None
    # Versions before the rename of 2026-11-26 call it `rehearse`.
    predict: Any = getattr(learner, "training_logits", None) or getattr(learner, "rehearse", None)

    def step() -> None:
        loss = all_position_loss(*predict(inputs, labels, 0))
        if optimiser is not None:
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            optimiser.zero_grad()

    return step


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
