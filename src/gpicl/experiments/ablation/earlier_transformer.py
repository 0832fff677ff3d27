"""The paper's Transformer with the earlier reproduction's faults."""

from torch import nn

from gpicl.experiments.ablation.earlier_tokens import EarlierTokens
from gpicl.learners import TokenTransformer


class EarlierTransformer(TokenTransformer):
    """A `TokenTransformer` that reads `EarlierTokens`.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        layers: See `TokenTransformer`.
        width: See `TokenTransformer`.
        heads: See `TokenTransformer`.
        key_size: See `TokenTransformer`.
        max_length: See `TokenTransformer`.
        small: See `EarlierTokens`.
        normalised: See `EarlierTokens`.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        layers: int = 4,
        width: int = 256,
        heads: int = 1,
        key_size: int = 32,
        max_length: int = 100,
        small: bool = True,
        normalised: bool = True,
    ) -> None:
        super().__init__(num_features, num_classes, layers, width, heads, key_size, max_length)
        tokens = EarlierTokens(num_features, num_classes, max_length, small, normalised)
        # Still called `embed`, so that the optimiser takes it for what it is.
        self.embed = nn.Sequential(tokens, self.embed)  # type: ignore[assignment]
