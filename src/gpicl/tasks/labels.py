"""Label permutations, and the bias intervention that leaves them out."""

import torch
from jaxtyping import Int64
from torch import Tensor

from gpicl.tasks.randomness import Numbers


def classes_behind(
    numbers: Numbers, num_classes: int, num_labels: int, permutation_probability: "float | Tensor" = 1.0
) -> Int64[Tensor, "B {num_labels}"]:
    """Return the class of the data set behind each label of a task (-1: none).

    With `permutation_probability` this is a uniform permutation, otherwise the identity ("90 % biased" is a probability
    of 0.1). With fewer labels than classes a task uses a random subset of the classes; with more, its classes get a
    random subset of the labels.

    WHY the coin is tossed per task: annealing the probability then turns tasks from biased to unbiased one by one,
    without changing them in any other way.

    Args:
        numbers: Random numbers of the episodes.
        num_classes: Number of classes of the data set.
        num_labels: Number of labels of a task.
        permutation_probability: Probability `p` that a task uses its own permutation; one for all, or one for each.
    """
    width = max(num_classes, num_labels)
    permuted = numbers.coins("permuted", permutation_probability)
    unpermuted = torch.arange(width, device=numbers.tasks.device)
    behind = torch.where(permuted[:, None], numbers.permutations("permutation", width), unpermuted)[:, :num_labels]
    return torch.where(behind < num_classes, behind, -1)
