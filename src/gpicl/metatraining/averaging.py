"""Average of the weights over the steps, used instead of the last weights."""

from typing import Any

import torch
from torch import nn


class AveragedWeights:
    """Exponential moving average of a learner's state, in tensors that are never replaced.

    WHY not Lightning's `WeightAveraging`: it copies the average to the learner whenever fitting ends, so a run stopped
    early could not be resumed exactly. It also removes the average before callbacks see the validation results.

    Args:
        learner: Learner, on the device where it is trained.
        share: Share of the past. After n steps it is at most `(1 + n) / (10 + n)`, so that in a short run the average
            covers only the last part.
    """

    def __init__(self, learner: nn.Module, share: float) -> None:
        self._share, self._steps = share, 0
        self._state = dict(learner.state_dict())
        self._average = {name: tensor.clone() for name, tensor in self._state.items()}
        smooth = [name for name, tensor in self._state.items() if tensor.is_floating_point()]
        self._pairs = [self._average[name] for name in smooth], [self._state[name] for name in smooth]
        self._counters = [name for name in self._state if name not in smooth]
        self.shown = False
        """Whether the learner currently holds the average; its own weights are then stored here."""

    def update(self) -> None:
        """Add the weights of a step to the average."""
        self._steps += 1
        share = min(self._share, (1 + self._steps) / (10 + self._steps)) if self._steps > 1 else 0.0
        averages, weights = self._pairs
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1.0 - share)
        for name in self._counters:
            self._average[name].copy_(self._state[name])

    def show(self, shown: bool) -> None:
        """Copy the average to the learner, or restore the learner's own weights.

        Args:
            shown: True for the average, False for the learner's own weights.
        """
        if shown == self.shown:
            return
        self.shown = shown
        with torch.no_grad():
            for name, tensor in self._state.items():
                kept = tensor.clone()
                tensor.copy_(self._average[name])
                self._average[name].copy_(kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the learner's own weights, independent of which of them the learner holds."""
        average, weights = (self._state, self._average) if self.shown else (self._average, self._state)
        return {"steps": self._steps, "average": average, "weights": weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the average and the learner's own weights from `state_dict`."""
        self._steps, self.shown = state["steps"], False
        with torch.no_grad():
            for name in self._state:
                self._average[name].copy_(state["average"][name])
                self._state[name].copy_(state["weights"][name])
