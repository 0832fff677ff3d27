"""How much each member of an ensemble is trusted, and the ensemble as a whole.

While a learner reads its context it predicts every example before it sees the label. What that costs is the evidence
for what the member sees, and comes for nothing: no example has to be held back.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

# Members see the same examples, so their evidence is not independent, and counts half. A quarter or the whole of it
# made no difference that could be told from chance where the default was chosen.
_EVIDENCE = 0.5
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def member_weights(log_probabilities: Float[Tensor, "M N"]) -> Float[Tensor, " M"]:
    """Weigh members by the square root of the likelihood that each gave to the context as it read it; sum one.

    Args:
        log_probabilities: What each member gave to the true class of each example before it saw it.
    """
    return (_EVIDENCE * log_probabilities.sum(1)).softmax(0)


def share_of_guessing(
    probabilities: Float[Tensor, "N K"], labels: Int64[Tensor, " N"], frequencies: Float[Tensor, " K"]
) -> float:
    """Choose how much of the classes' frequencies to mix into an ensemble's probabilities.

    WHY: where nothing can be learned from so few examples a learner is too sure of itself. The share is the one with
    which the predictions of the context were likeliest.

    Args:
        probabilities: The ensemble's, of every example of the context before its label was seen.
        labels: The true classes.
        frequencies: Of the classes.
    """
    given = probabilities[torch.arange(len(labels)), labels]
    guessed = frequencies[labels]
    losses = [-((1 - share) * given + share * guessed).log().sum() for share in _SHARES]
    return _SHARES[int(torch.stack(losses).argmin())]
