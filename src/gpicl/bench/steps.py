"""Training steps on episodes of random numbers, here or in a process of their own, whose memory is theirs alone."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.optim import Optimizer

from gpicl.bench.setting import CLASSES, Case, Setting, find_scale
from gpicl.learners import Learner
from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.loss import all_position_loss
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.runtime import available_memory, freed_memory_kept

# Where a learner is trained on a sample of positions, every step that is timed or counted takes the same sample.
FIRST_STEP = 0


class TrainingStep:
    """Forward, backward, and the optimiser's step; forward alone where there is nothing to train.

    Args:
        learner: The learner.
        shape: Episodes B, examples T, features F.
        setting: Says the precision.
        optimiser: Takes the step; None if the learner has no parameters.
        clip: Largest norm of the gradient; 0 for no clipping.
    """

    def __init__(
        self,
        learner: Learner,
        shape: tuple[int, int, int],
        setting: Setting,
        optimiser: Optimizer | None,
        clip: float = 0.0,
    ) -> None:
        self._learner, self._setting, self._optimiser, self._clip = learner, setting, optimiser, clip
        self._inputs = torch.randn(shape)
        self._labels = torch.randint(CLASSES, shape[:2])

    def __call__(self) -> None:
        """Take the step."""
        with self._setting.autocast():
            loss = all_position_loss(*self._learner.training_logits(self._inputs, self._labels, FIRST_STEP))
        if self._optimiser is None:
            return
        loss.backward()
        if self._clip:
            nn.utils.clip_grad_norm_(self._learner.parameters(), self._clip)
        self._optimiser.step()
        self._optimiser.zero_grad()


# What a child may take of the memory that is free; beyond it its allocation fails, and nobody else's process is killed.
_PART_OF_MEMORY = 0.8


class Usage(NamedTuple):
    """What some steps took.

    Attributes:
        seconds: Of every step, without the first.
        peak: Bytes of memory at most.
        idle: Bytes of memory when everything was imported and nothing done.
    """

    seconds: list[float]
    peak: int
    idle: int


def usage_of(case: Case, setting: Setting, steps: int) -> Usage | None:
    """Take training steps in a fresh process.

    Args:
        case: Which learner, and the size of its batch.
        setting: Says the precision.
        steps: How many steps, and one before them.

    Returns:
        What they took, or None if the memory did not suffice.
    """
    order = {"case": case._asdict(), "scale": setting.scale.name, "kind": setting.kind, "steps": steps}
    command = [sys.executable, "-m", "gpicl.bench.steps", json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return Usage(**json.loads(done.stdout))


def _main(order: dict[str, Any]) -> Usage:
    _limit_memory()
    idle = _peak_memory()
    case = Case(**order["case"])
    setting = Setting(find_scale(order["scale"]), order["kind"])
    learner = case.build()
    optimiser = build_optimiser(learner, TrainingConfig(optimiser="adam")) if learner.num_parameters else None
    step = TrainingStep(learner, case.shape, setting, optimiser)
    seconds = []
    with freed_memory_kept():
        for _ in range(order["steps"] + 1):
            started = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - started)
    return Usage(seconds[1:], _peak_memory(), idle)


def _limit_memory() -> None:
    if sys.platform == "linux" and (available := available_memory()):
        import resource

        limit = int(_PART_OF_MEMORY * available)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _peak_memory() -> int:
    """Bytes that this process has held at most.

    WHY not `ru_maxrss` on Linux: it counts what the parent held when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    print(json.dumps(_main(json.loads(sys.argv[1]))._asdict()))
