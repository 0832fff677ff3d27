"""An average of the weights over the steps, which takes the place of the last ones."""

from typing import Any

import torch
from torch import nn


class AveragedWeights:
    """Exponential moving average of a learner's state, in places that never change.

    WHY not Lightning's `WeightAveraging`: it puts the average into the learner when fitting ends, also where a run is
    stopped before its budget is used, which could then not go on to the bit; and it takes it out again before callbacks
    see what was measured.

    Args:
        learner: The learner, where it is trained.
        share: Share of the past. After n steps it is at most `(1 + n) / (10 + n)`, so that an average never holds more
            than the last part of a short run.
    """

    def __init__(self, learner: nn.Module, share: float) -> None:
        self._share, self._steps = share, 0
        self._state = dict(learner.state_dict())
        self._average = {name: tensor.clone() for name, tensor in self._state.items()}
        smooth = [name for name, tensor in self._state.items() if tensor.is_floating_point()]
        self._pairs = [self._average[name] for name in smooth], [self._state[name] for name in smooth]
        self._counters = [name for name in self._state if name not in smooth]
        self.shown = False
        """Whether the learner holds the average now, and the average the learner's own weights."""

    def update(self) -> None:
        """Add the weights after a step."""
        self._steps += 1
        share = min(self._share, (1 + self._steps) / (10 + self._steps)) if self._steps > 1 else 0.0
        averages, weights = self._pairs
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1.0 - share)
        for name in self._counters:
            self._average[name].copy_(self._state[name])

    def show(self, shown: bool) -> None:
        """Put the average into the learner, or the learner's own weights back.

        Args:
            shown: Which of the two.
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
        """What a resumed run goes on with: the average, and the learner's own weights, whichever of them is shown."""
        average, weights = (self._state, self._average) if self.shown else (self._average, self._state)
        return {"steps": self._steps, "average": average, "weights": weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with it.

        Args:
            state: What `state_dict` gave.
        """
        self._steps, self.shown = state["steps"], False
        with torch.no_grad():
            for name in self._state:
                self._average[name].copy_(state["average"][name])
                self._state[name].copy_(state["weights"][name])
