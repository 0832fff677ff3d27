"""By which of its labels a member of the ensemble knows each class, and how its answers become classes again."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor


def members_needed(num_classes: int, num_labels: int) -> int:
    """Count the members that tell all classes apart.

    One is enough where every class can have a label of its own. Where several classes must share one, each member
    only tells groups apart; four times as many members as code words need letters let them correct each other.

    Args:
        num_classes: Classes of the data.
        num_labels: Labels that the learner has.
    """
    return 1 if num_classes <= num_labels else 4 * math.ceil(math.log(num_classes) / math.log(num_labels))


def draw_codes(
    num_classes: int, num_labels: int, members: int, random: np.random.RandomState
) -> Int64[np.ndarray, "M K"]:
    """Return every class a label in every member; no two classes have the same labels throughout.

    Args:
        num_classes: Classes K of the data.
        num_labels: Labels that the learner has.
        members: Size M of the ensemble, at least `members_needed`.
        random: Source of the draw.
    """
    while True:
        codes = np.empty((members, num_classes), np.int64)
        for code in codes:
            # Groups as equal as can be. With labels enough they have one member each.
            code[:] = random.permutation(num_labels)[random.permutation(num_classes) % num_labels]
        if len(np.unique(codes, axis=1).T) == num_classes:
            return codes


def class_log_probabilities(logits: Float[Tensor, "M Q C"], codes: Int64[Tensor, "M K"]) -> Float[Tensor, "M Q K"]:
    """Turn logits of labels into log-probabilities of the label of every class, among the labels that are in use.

    Args:
        logits: Answers of every member.
        codes: See `draw_codes`.
    """
    used = torch.zeros(len(codes), logits.shape[2], dtype=torch.bool).scatter_(1, codes, True)
    among_used = logits.masked_fill(~used[:, None], float("-inf")).log_softmax(2)
    return among_used.gather(2, codes[:, None].expand(-1, logits.shape[1], -1))


def decode(log_probabilities: Float[Tensor, "M Q K"], num_labels: int) -> Float[Tensor, "Q K"]:
    """Bring together members that tell only groups of classes apart.

    Their mean logarithm says what one code letter is worth; a class is told by `log K / log C` of them.

    Args:
        log_probabilities: See `class_log_probabilities`.
        num_labels: Labels C that the learner has.
    """
    letters = math.log(log_probabilities.shape[2]) / math.log(num_labels)
    return (letters * log_probabilities.mean(0)).softmax(1)
