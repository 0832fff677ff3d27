"""Variety: tasks in which the images of one data set are distracted, bent or noisy.

WHY: meta-trained longer on one data set, a learner gets better on that set and worse on all others. These tasks keep
what it learns general, and still need no image beside the data set's own (docs/lab-notebook.md).
"""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.tasks.streams import Purpose, stream

_WIDTHS = (128, 256, 512)


class Variety:
    """Three changes of a task's inputs, each with the same probability and independent of the others.

    - distracted: beside every image stands another, drawn at random, which has nothing to do with the label; between a
      seventh and three times as strong.
    - bent: the inputs go through a random layer of 128 to 512 units with a rectifier, cosine or tangent, whose bends
      are soft or sharp.
    - noisy: normal noise with a seventh to twice the inputs' own spread, the same or not in all directions.

    Args:
        dataset: The examples.
        probability: Of each change.
        seed: Seed of the distribution.
    """

    def __init__(self, dataset: FeatureDataset, probability: float, seed: int) -> None:
        self._dataset, self._probability, self._seed = dataset, probability, seed

    def vary(
        self, inputs: Float32[Tensor, "T N"], task_id: int, draw: int, purpose: Purpose
    ) -> Float32[Tensor, "T _"] | None:
        """Change the inputs of one episode as its task says.

        Args:
            inputs: Normalised inputs.
            task_id: The task; what is changed, and the random layer, belong to it.
            draw: The episode; distracting images and noise belong to it.
            purpose: The stream of the task.

        Returns:
            The new inputs, which may be of another width; None if this task changes nothing.
        """
        of_task = stream(self._seed, Purpose.VARIETY, task_id, 0, purpose)
        distracted, bent, noisy = of_task.random(3) < self._probability
        if not (distracted or bent or noisy):
            return None
        of_episode = stream(self._seed, Purpose.VARIETY_EXAMPLES, task_id, draw, purpose)
        if distracted:
            inputs = self._distract(inputs, of_task, of_episode)
        if bent:
            inputs = _bend(inputs, of_task)
        if noisy:
            inputs = _disturb(inputs, of_task, of_episode)
        return inputs

    def _distract(self, inputs: Tensor, of_task: np.random.Generator, of_episode: np.random.Generator) -> Tensor:
        strength = float(np.exp(of_task.uniform(-2.0, 1.0)))
        others = self._dataset.normalised(of_episode.integers(0, len(self._dataset), len(inputs)))
        return torch.cat([inputs, strength * torch.from_numpy(others).to(inputs)], 1)


def _bend(inputs: Tensor, of_task: np.random.Generator) -> Tensor:
    width = int(of_task.choice(_WIDTHS))
    size = float(np.exp(of_task.uniform(-0.5, 1.0)) / inputs.square().sum(1).mean().sqrt().clamp_min(1e-6))
    weights = of_task.standard_normal((inputs.shape[1], width), dtype=np.float32) * np.float32(size)
    biases = of_task.standard_normal(width, dtype=np.float32) * np.float32(of_task.uniform())
    kind = of_task.integers(3)
    inner = inputs @ torch.from_numpy(weights).to(inputs) + torch.from_numpy(biases).to(inputs)
    if kind == 0:
        return inner.relu()
    return (1.5 * inner).cos() if kind == 1 else (2 * inner).tanh()


def _disturb(inputs: Tensor, of_task: np.random.Generator, of_episode: np.random.Generator) -> Tensor:
    strength = float(np.exp(of_task.uniform(-2.0, 0.7)))
    uneven = of_task.uniform(0.0, 2.0) if of_task.random() < 0.5 else 0.0
    scales = np.exp(uneven * of_task.standard_normal(inputs.shape[1])).astype(np.float32)
    scales /= np.sqrt(np.square(scales).sum())
    noise = of_episode.standard_normal(inputs.shape, dtype=np.float32) * scales
    spread = inputs.var(0, correction=0).sum().sqrt()
    return inputs + strength * spread * torch.from_numpy(noise).to(inputs)
