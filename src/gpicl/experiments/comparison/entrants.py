"""Who takes part in the comparison."""

from collections.abc import Sequence
from typing import NamedTuple

from gpicl.errors import ConfigError, UnknownNameError


class Entrant(NamedTuple):
    """A learner of the comparison.

    Attributes:
        name: Of the learner, as in `LEARNERS` or `CLASSICAL`.
        preset: How it is meta-trained on a laptop; None for a classical learner.
        published: The learner that it is in the paper's table, if it is there.
        earlier: The learner that it is in the earlier reproduction's table, if it is there.
        seeds: Runs of the laptop's comparison: three where they are short.
        batch: Episodes at once of its meta-test, as its memory allows.
    """

    name: str
    preset: str | None
    published: str | None = None
    earlier: str | None = None
    seeds: int = 1
    batch: int = 128

    @property
    def classical(self) -> bool:
        """Whether it is fitted from scratch by scikit-learn instead of meta-trained."""
        return self.preset is None


ENTRANTS = (
    Entrant("NearestNeighbour", None),
    Entrant("CosineNeighbours", None),
    Entrant("LogisticRegression", None),
    Entrant("LinearSVM", None),
    Entrant("RBFSVM", None),
    Entrant("ShrinkageLDA", None),
    Entrant("SGD", "sgd", "SGD", "MLP (SGD)"),  # its preset starts from zero, so seeds would be all the same
    Entrant("MLP", "mlp"),
    Entrant("KernelSetTransformer", "kernel-set-transformer"),
    Entrant("KernelTransformer", "kernel-transformer", seeds=3),
    Entrant("ValueTransformer", "value-transformer"),
    Entrant("FastWeightMemory", "fast-weight-memory"),
    Entrant("MAML", "maml", "MAML", batch=64),
    Entrant("VSML", "vsml", "VSML", batch=16),
    Entrant("TokenTransformer", "token-transformer", "GPICL Transformer", "GPT"),
    Entrant("LSTM", "lstm", "LSTM", "LSTM"),
    Entrant("OuterProductLSTM", "outer-product-lstm"),
    Entrant("VSMLWithoutSymmetries", "vsml-without-symmetries"),
)


def choose_entrants(learners: str) -> list[Entrant]:
    """Pick entrants by name, in the order of the table.

    Args:
        learners: Names with commas between them, or `all`.

    Raises:
        UnknownNameError: If one is no entrant.
        ConfigError: If none is named.
    """
    known = {entrant.name: entrant for entrant in ENTRANTS}
    names: Sequence[str] = list(known) if learners == "all" else [n.strip() for n in learners.split(",") if n.strip()]
    if not names:
        raise ConfigError(f"learners names nobody. Give all, or some of {', '.join(known)}.")
    for name in names:
        if name not in known:
            raise UnknownNameError("learner of the comparison", name, known)
    return [entrant for entrant in ENTRANTS if entrant.name in names]
