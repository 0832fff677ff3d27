"""A learner that kills its own process once, for tests of what survives that."""

import os
import signal
from pathlib import Path

import torch

from gpicl.learners import ValueTransformer


class Trapped(ValueTransformer):
    """Leaves a dot in the folder `trace` for every step; is killed at step `at` if the file `armed` lies there."""

    def __init__(self, num_features: int, num_classes: int, trace: str, at: int = 8, width: int = 16) -> None:
        super().__init__(num_features, num_classes, layers=1, width=width, heads=1, key_size=8)
        self._trace, self._at, self._steps = Path(trace), at, 0

    def forward(self, inputs, labels):
        if self.training and torch.is_grad_enabled():  # not when it is checked before training
            self._steps += 1
            armed = self._trace / "armed"
            if self._steps == self._at and armed.exists():
                armed.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            with (self._trace / "steps").open("a") as file:
                file.write(".")
        return super().forward(inputs, labels)
