"""Error-correcting codes: the label that each ensemble member uses for each class, and decoding of its predictions."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor


def members_needed(num_classes: int, num_labels: int) -> int:
    """Return the number of members that distinguish all classes.

    One is enough if every class can have its own label. If several classes share a label, each member distinguishes
    only groups of classes. The code then has four times as many members as letters are needed, so that members can
    correct each other.

    Args:
        num_classes: Classes of the data.
        num_labels: Labels of the learner.
    """
    return 1 if num_classes <= num_labels else 4 * math.ceil(math.log(num_classes) / math.log(num_labels))


def draw_codes(
    num_classes: int, num_labels: int, members: int, random: np.random.RandomState
) -> Int64[np.ndarray, "M K"]:
    """Draw a label for every class in every member, so that no two classes share all their labels.

    Args:
        num_classes: Classes K of the data.
        num_labels: Labels of the learner.
        members: Size M of the ensemble, at least `members_needed`.
        random: Source of all draws; is advanced.
    """
    while True:
        codes = np.empty((members, num_classes), np.int64)
        for code in codes:
            # Groups of nearly equal size. With enough labels, every group is a single class.
            code[:] = random.permutation(num_labels)[random.permutation(num_classes) % num_labels]
        if len(np.unique(codes, axis=1).T) == num_classes:
            return codes


def class_log_probabilities(logits: Float[Tensor, "M Q C"], codes: Int64[Tensor, "M K"]) -> Float[Tensor, "M Q K"]:
    """Convert logits of labels to log-probabilities of each class's label, among the labels in use.

    Args:
        logits: Logits of every member.
        codes: See `draw_codes`.
    """
    used = torch.zeros(len(codes), logits.shape[2], dtype=torch.bool).scatter_(1, codes, True)
    among_used = logits.masked_fill(~used[:, None], float("-inf")).log_softmax(2)
    return among_used.gather(2, codes[:, None].expand(-1, logits.shape[1], -1))


def decode(log_probabilities: Float[Tensor, "M Q K"], num_labels: int) -> Float[Tensor, "Q K"]:
    """Combine members that distinguish only groups of classes.

    The mean log-probability is the evidence of one code letter; a class needs `log K / log C` letters.

    Args:
        log_probabilities: See `class_log_probabilities`.
        num_labels: Labels C of the learner.
    """
    letters = math.log(log_probabilities.shape[2]) / math.log(num_labels)
    return (letters * log_probabilities.mean(0)).softmax(1)
