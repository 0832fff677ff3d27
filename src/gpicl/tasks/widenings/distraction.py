"""Distraction: add to every image another one, drawn at random and unrelated to the label."""

from dataclasses import replace

import torch

from gpicl.tasks.widenings.widening import Batch, Widening


class Distraction(Widening):
    """The other image has 0.14 to 2.7 times the strength; each task has random signs for its features."""

    name = "distraction"

    def widen(self, batch: Batch) -> Batch:
        """Add other images. The random signs keep what all images share from adding up."""
        numbers, count = batch.numbers, len(batch.data)
        indices = numbers.integers(count, "distracting images", batch.inputs.shape[1], "episode")
        others = batch.data.normalised(numbers, indices)
        signs = numbers.uniforms("signs of distraction", others.shape[2]).sub_(0.5).sign_()
        strength = (3 * numbers.uniforms("strength of distraction", 1) - 2).exp()
        return replace(batch, inputs=torch.add(batch.inputs, others * (strength * signs)[:, None]).mul_(0.5**0.5))
