"""One training step, on episodes of random numbers."""

import torch
from torch import nn
from torch.optim import Optimizer

from gpicl.bench.cases import CLASSES
from gpicl.bench.setting import Setting
from gpicl.learners import Learner
from gpicl.metatraining.loss import all_position_loss

# A learner that rehearses a sample of positions takes the same one at every step that is timed, and whose products are
# counted.
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
            loss = all_position_loss(*self._learner.rehearse(self._inputs, self._labels, FIRST_STEP))
        if self._optimiser is None:
            return
        loss.backward()
        if self._clip:
            nn.utils.clip_grad_norm_(self._learner.parameters(), self._clip)
        self._optimiser.step()
        self._optimiser.zero_grad()
