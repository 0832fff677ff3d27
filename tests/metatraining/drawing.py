"""A learner that draws while it trains, from every kind of generator there is."""

import random

import numpy as np
import torch

from gpicl.learners import Learner


class Drawing(Learner):
    """A linear learner with dropout, and noise from generators of its own and from the global ones."""

    def __init__(self, num_features: int, num_classes: int, seed: int = 0) -> None:
        super().__init__(num_features, num_classes)
        self.layer = torch.nn.Linear(num_features, num_classes)
        self._torch = torch.Generator().manual_seed(seed)
        self._numpy = np.random.default_rng(seed)
        self._legacy = np.random.RandomState(seed)
        self._python = random.Random(seed)

    def forward(self, inputs, labels):
        if not self.training:
            # Draws during validation must not affect training.
            self._draw()
            return self.layer(inputs)
        noise = torch.nn.functional.dropout(torch.ones(1, 1, self.num_features))
        return self.layer(inputs * noise) * self._draw()

    def _draw(self) -> float:
        own = float(torch.rand(1, generator=self._torch)) + self._numpy.random() + self._legacy.rand()
        return 0.5 + (own + self._python.random() + np.random.rand() + random.random()) / 6

    def state_size(self, length: int = 100) -> int:
        return 0
