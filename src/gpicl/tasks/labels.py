"""Label permutations, and the bias intervention that withholds them."""

import torch
from jaxtyping import Int64
from torch import Tensor

from gpicl.tasks.randomness import Numbers


def classes_behind(
    numbers: Numbers, num_classes: int, num_labels: int, permutation_probability: "float | Tensor" = 1.0
) -> Int64[Tensor, "B {num_labels}"]:
    """Say which class of the data set stands behind each label of a task (-1: none).

    A uniform permutation, or, with the complement of `permutation_probability`, the identity ("90 % biased" is a
    probability of 0.1). With fewer labels than classes a task is about a random subset of the classes; with more,
    its classes get a random subset of the labels.

    WHY the coin belongs to the task: annealing the probability then turns tasks from biased to unbiased one by one,
    and none of them changes in any other way.

    Args:
        numbers: Say the tasks.
        num_classes: Classes of the data set.
        num_labels: Labels of the tasks.
        permutation_probability: Probability `p` that a task uses its own permutation; one for all, or one for each.
    """
    width = max(num_classes, num_labels)
    permuted = numbers.coins("permuted", permutation_probability)
    unpermuted = torch.arange(width, device=numbers.tasks.device)
    behind = torch.where(permuted[:, None], numbers.permutations("permutation", width), unpermuted)[:, :num_labels]
    return torch.where(behind < num_classes, behind, -1)
