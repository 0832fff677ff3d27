"""Noise: normal noise on the inputs, equal or unequal in different directions."""

from dataclasses import replace

from gpicl.tasks.widenings.widening import Batch, Widening


class Noise(Widening):
    """Noise with a seventh to twice the spread of the episode's inputs; uneven across features in half of the tasks."""

    name = "noise"
    needs_data = False

    def widen(self, batch: Batch) -> Batch:
        """Add the noise."""
        inputs, numbers = batch.inputs, batch.numbers
        strength, uneven, evenly = numbers.uniforms("noise of a task", 3)[..., None].unbind(1)
        uneven = 2 * uneven * (evenly < 0.5)
        scales = (uneven * numbers.normals("directions of noise", inputs.shape[2])).exp()
        scales = scales / scales.square().sum(1, keepdim=True).sqrt()
        spread = (inputs - inputs.mean(1, keepdim=True)).square().mean(1).sum(1, keepdim=True).sqrt()
        scales = scales * spread * (2.7 * strength - 2).exp()
        noise = numbers.normals("noise of an episode", *inputs.shape[1:], per="episode")
        return replace(batch, inputs=inputs + noise * scales[:, None])
