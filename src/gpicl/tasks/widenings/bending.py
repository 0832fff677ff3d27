"""Bending: pass the inputs through a random layer."""

from dataclasses import replace

import torch

from gpicl.tasks.widenings.widening import Batch, Widening, pad

_UNITS = 256


class Bending(Widening):
    """A random layer of at most 256 units with a rectifier, cosine or hyperbolic tangent, weakly or strongly bent."""

    name = "bending"
    needs_data = False

    def widen(self, batch: Batch) -> Batch:
        """Pass inputs through the layer of their task."""
        inputs, numbers = batch.inputs, batch.numbers
        width = inputs.shape[2]
        units = min(_UNITS, width)
        size, bias, kind = numbers.uniforms("bending of a task", 3).unbind(1)
        # Scaled for the data set, whose mean square is one, and not for this episode: a task must bend all its episodes
        # in the same way.
        size = (1.5 * size - 0.5).exp() * width**-0.5
        weights = numbers.normals("weights of bending", width, units) * size[:, None, None]
        biases = numbers.normals("biases of bending", units) * bias[:, None]
        inner = torch.baddbmm(biases[:, None], inputs, weights)
        kind = kind[:, None, None]
        bent = torch.where(
            kind < 1 / 3, inner.relu(), torch.where(kind < 2 / 3, (1.5 * inner).cos(), (2 * inner).tanh())
        )
        return replace(batch, inputs=pad(bent, width))
