"""Invented tasks: examples that are generated rather than taken from images.

WHY: a learner meta-trained on one data set also learns that set's shapes, and applies this knowledge where it does not
hold. Tasks unlike that set teach it to tell the two apart, and to fall back on general learning (docs/lab-notebook.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from gpicl.errors import TaskError
from gpicl.tasks.randomness import Numbers
from gpicl.tasks.widenings.widening import Batch, Rows, Setting, Widening, pad, where_chosen

_LATENTS = 40
_FEWEST_LATENTS = 4
_UNITS = 128
# Of the random network that gives labels: its units, and the number of latents that its outputs are normalised with.
_HIDDEN = 32
_REFERENCE = 128


class Invention(Widening):
    """Low-dimensional latents, labelled by their cluster or by a random function, and passed through random layers.

    - Latents have 4 to 40 dimensions. A class is one or more clusters, close together or far apart, round or elongated.
    - In some tasks the latents form one cloud, and a label is the largest output of a random network.
    - One or more random layers of 128 units follow (rectifier, hyperbolic tangent, identity, cosine or absolute value),
      then uneven output scales, and noise.

    Args:
        probability: Probability that a task is invented.
        setting: Data and sizes of the tasks.
        layers: Largest number of random layers; a task has 1 to this many.
        clusters: Largest number of clusters in a class; a class has 1 to this many.
        functions: Share of invented tasks whose labels are a function of the latents.
        noise: Largest standard deviation of the noise, relative to inputs with a mean square of one.
        activations: Number of activations to use, 1 to 5, in the order above.
    """

    name = "invention"
    needs_data = False
    reads_inputs = False

    def __init__(
        self,
        probability: float,
        setting: Setting,
        layers: int = 3,
        clusters: int = 4,
        functions: float = 0.3,
        noise: float = 0.7,
        activations: int = 5,
    ) -> None:
        super().__init__(probability, setting)
        if layers < 1 or clusters < 1 or not 1 <= activations <= len(_ACTIVATIONS):
            raise TaskError(
                f"Invention needs at least one layer and cluster and 1 to {len(_ACTIVATIONS)} activations, not "
                f"layers={layers}, clusters={clusters}, activations={activations}."
            )
        if not 0 <= functions <= 1 or not 0 <= noise < float("inf"):
            raise TaskError(f"functions must be from 0 to 1 and noise at least 0, not {functions} and {noise}.")
        self._layers, self._clusters, self._functions = layers, clusters, functions
        self._noise, self._activations = noise, activations
        self._units = min(_UNITS, setting.num_inputs)

    def widen(self, batch: Batch) -> Batch:
        """Replace the inputs, and in some tasks the labels."""
        task = _Tasks.draw(batch.numbers, self._layers)
        latents = self._clustered(task, batch.labels)

        def labelled_cloud(rows: Rows) -> tuple[Tensor, Tensor]:
            return self._labelled_cloud(task.rows(rows), _of(rows, batch.used), batch.labels.shape[1])

        by_function = task.function[:, 0] < self._functions
        latents, labels = where_chosen(by_function, labelled_cloud, (latents, batch.labels.clone()))
        return replace(batch, inputs=pad(self._seen(task, latents), self.setting.num_inputs), labels=labels)

    def _clustered(self, task: "_Tasks", labels: Int64[Tensor, "B T"]) -> Float32[Tensor, "B T latents"]:
        numbers, classes, length = task.numbers, self.setting.num_classes, labels.shape[1]
        apart, spread, own_spread, many = task.clusters[:, :, None, None].unbind(1)
        centres = 0.3 * 5.0 ** apart[..., None] * numbers.normals("centres", classes, self._clusters, _LATENTS)
        spread = (spread * numbers.normals("spreads", 1, _LATENTS)).exp() * task.dimensions
        own_spread = (0.7 * own_spread * numbers.normals("spreads of classes", classes, _LATENTS)).exp()
        of_example = numbers.uniforms("cluster of an example", length, "episode")
        which = (of_example * _up_to(self._clusters, many[:, 0])).long()
        row = torch.arange(len(labels), device=labels.device)[:, None]
        noise = numbers.normals("latents", length, _LATENTS, per="episode")
        return centres[row, labels, which] * task.dimensions + noise * spread * own_spread[row, labels]

    def _labelled_cloud(
        self, task: "_Tasks", used: Tensor, length: int
    ) -> tuple[Float32[Tensor, "B T latents"], Int64[Tensor, "B T"]]:
        """Return latents of one cloud and their labels, computed in float64 so that every device agrees on them."""
        numbers, classes = task.numbers, self.setting.num_classes
        _, uneven, sharp, prior = task.function[:, :, None, None].double().unbind(1)
        dimensions = task.dimensions.double()
        spread = (uneven * numbers.normals("spreads", 1, _LATENTS)).exp() * dimensions
        drawn = numbers.normals("latents", length, _LATENTS, per="episode")
        cloud = torch.cat([drawn, numbers.normals("latents of no episode", _REFERENCE, _LATENTS)], 1) * spread
        first = numbers.normals("first weights of the function", _LATENTS, _HIDDEN) * (1.5 * sharp).exp()
        hidden = (cloud @ first / dimensions.sum(2, keepdim=True).sqrt()).tanh()
        outputs = hidden @ numbers.normals("second weights of the function", _HIDDEN, classes).double()
        # Normalised by mean and spread over the cloud; otherwise one output is often the largest everywhere.
        reference = outputs[:, length:]
        outputs = (outputs[:, :length] - reference.mean(1, keepdim=True)) / (reference.std(1, keepdim=True) + 1e-12)
        outputs = outputs + 0.5 * prior * numbers.normals("priors of the function", 1, classes)
        labels = outputs.masked_fill(~used[:, None], -torch.inf).argmax(2)
        return cloud[:, :length].float(), labels

    def _seen(self, task: "_Tasks", latents: Float32[Tensor, "B T latents"]) -> Float32[Tensor, "B T units"]:
        """Pass latents through one or more random layers, and add noise."""
        uneven, noisy, depth = task.outputs[..., None, None].unbind(1)
        x = self._layer(0, task, latents, task.dimensions.sum(2, keepdim=True))
        for layer in range(1, self._layers):
            deeper = partial(self._deeper, layer, task, x)
            (x,) = where_chosen(_up_to(self._layers, depth[:, 0, 0]) > layer, deeper, (x,))
        scales = task.numbers.normals("scales of an invention", 1, self._units)
        x = _level(x * (1.5 * uneven * scales).exp())
        return x + self._noise * noisy * task.numbers.normals("noise of an invention", *x.shape[1:], per="episode")

    def _deeper(self, layer: int, task: "_Tasks", x: Tensor, rows: Rows) -> tuple[Tensor]:
        return (self._layer(layer, task.rows(rows), _level(_of(rows, x)), self._units),)

    def _layer(self, number: int, task: "_Tasks", x: Float32[Tensor, "B T n"], size: "Tensor | int") -> Tensor:
        wide, shift, kind = task.layers[:, number, :, None, None].unbind(1)
        weights = task.numbers.normals(f"weights of layer {number}", x.shape[2], self._units)
        biases = task.numbers.normals(f"biases of layer {number}", 1, self._units)
        inner = torch.baddbmm(shift * biases, x, weights * ((2 * wide - 1).exp() / size**0.5))
        kinds = (kind[:, 0, 0] * self._activations).long()
        outer = inner.clone()
        for i, activation in enumerate(_ACTIVATIONS[: self._activations]):
            (outer,) = where_chosen(kinds == i, partial(_activated, activation, inner), (outer,))
        return outer


@dataclass(frozen=True)
class _Tasks:
    """Properties of B invented tasks, as uniform numbers from a single draw.

    Attributes:
        numbers: Source of all other random numbers.
        function: Whether labels are a function, and its properties, [B, 4].
        clusters: Properties of the clusters, [B, 4].
        outputs: Unevenness, noise and depth, [B, 3].
        layers: Size of the weights, size of the biases, and activation of every layer, [B, layers, 3].
        dimensions: Ones for the dimensions that the latents have, zeros for the others, [B, 1, latents].
    """

    numbers: Numbers
    function: Tensor
    clusters: Tensor
    outputs: Tensor
    layers: Tensor
    dimensions: Tensor

    @classmethod
    def draw(cls, numbers: Numbers, layers: int) -> "_Tasks":
        """Draw the tasks of a batch."""
        function, clusters, outputs, dimensions, of_layers = numbers.uniforms("invented task", 12 + 3 * layers).split(
            [4, 4, 3, 1, 3 * layers], 1
        )
        # Log-uniform from 4 to 40.
        count = _FEWEST_LATENTS * (_LATENTS / _FEWEST_LATENTS) ** dimensions
        has = (torch.arange(_LATENTS, device=count.device) < count).float()[:, None]
        return cls(numbers, function, clusters, outputs, of_layers.unflatten(1, (layers, 3)), has)

    def rows(self, rows: Rows) -> "_Tasks":
        """Select some of the tasks."""
        if rows is None:
            return self
        parts = (self.function, self.clusters, self.outputs, self.layers, self.dimensions)
        return _Tasks(self.numbers[rows], *(part[rows] for part in parts))


def _of(rows: Rows, x: Tensor) -> Tensor:
    return x if rows is None else x[rows]


def _activated(activation: Callable[[Tensor], Tensor], inner: Tensor, rows: Rows) -> tuple[Tensor]:
    return (activation(_of(rows, inner)),)


def _up_to(most: int, uniform: Tensor) -> Tensor:
    """Turn uniform numbers in [0, 1) into uniform integers from 1 to `most`."""
    return (uniform * most).floor() + 1


def _identity(x: Tensor) -> Tensor:
    return x


def _cosine(x: Tensor) -> Tensor:
    return (1.5 * x).cos()


_ACTIVATIONS = (torch.relu, torch.tanh, _identity, _cosine, torch.abs)


def _level(x: Float32[Tensor, "B T units"]) -> Float32[Tensor, "B T units"]:
    """Scale an episode's inputs to mean square one."""
    return x * (x.square().mean((1, 2), keepdim=True) + 1e-12).rsqrt()
