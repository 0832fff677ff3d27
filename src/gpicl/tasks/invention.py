"""Invented tasks: clusters that no image stands behind.

WHY: what is meta-trained on one data set alone learns that set's shapes too, and uses what it knows of them where it
does not hold. Tasks that are nothing like the set teach it to tell the two apart, and to fall back on what is general
(docs/lab-notebook.md).
"""

import numpy as np
from jaxtyping import Float32, Int64

_UNITS = 128


def invent(
    labels: Int64[np.ndarray, " T"], num_classes: int, of_task: np.random.Generator, of_episode: np.random.Generator
) -> Float32[np.ndarray, "T units"]:
    """Draw inputs for the labels of an episode: normal clusters in a few dimensions, seen through a random layer.

    Args:
        labels: The labels.
        num_classes: Labels that there are.
        of_task: Draws the clusters and the layer: 4 to 40 dimensions, one to three clusters a class, nearer to each
            other or farther apart, evenly round or not.
        of_episode: Draws the examples.

    Returns:
        Inputs of mean square one.
    """
    dimensions = int(np.exp(of_task.uniform(np.log(4), np.log(40))))
    clusters = int(of_task.integers(1, 4))
    apart = np.exp(of_task.uniform(np.log(0.3), np.log(1.5)))
    centres = apart * of_task.standard_normal((num_classes, clusters, dimensions))
    spread = np.exp(of_task.uniform(0, 1) * of_task.standard_normal(dimensions))
    own_spread = np.exp(of_task.uniform(0, 0.7) * of_task.standard_normal((num_classes, dimensions)))
    weights = of_task.standard_normal((dimensions, _UNITS)) * np.exp(of_task.uniform(-1, 1)) / np.sqrt(dimensions)
    biases = of_task.uniform() * of_task.standard_normal(_UNITS)
    strengths = np.exp(of_task.uniform(0, 1.5) * of_task.standard_normal(_UNITS))
    kind = int(of_task.integers(3))
    which = of_episode.integers(0, clusters, len(labels))
    noise = of_episode.standard_normal((len(labels), dimensions))
    inner = (centres[labels, which] + noise * spread * own_spread[labels]) @ weights + biases
    outer = (np.maximum(inner, 0), np.tanh(inner), inner)[kind] * strengths
    return (outer / np.sqrt(np.square(outer).mean() + 1e-12)).astype(np.float32)
