"""What the paper and the earlier reproduction report of the ablation's learners."""

from gpicl.experiments.ablation.variants import MLP, TRANSFORMER
from gpicl.metatesting import EARLIER, PAPER, reference_accuracies

_NAMES = {TRANSFORMER: {PAPER: "GPICL Transformer", EARLIER: "GPT"}, MLP: {PAPER: "SGD", EARLIER: "MLP (SGD)"}}


def published(learner: str) -> dict[str, float]:
    """Look up the accuracies on MNIST after 99 examples.

    Args:
        learner: One of `FAULTS`.

    Returns:
        By source: `PAPER` and `EARLIER`.
    """
    return {source: reference_accuracies(source, name)["mnist"] for source, name in _NAMES[learner].items()}
