"""The earlier reproduction's learners (Lerostre/gpicl), with faults that can be switched off one at a time."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners import SGD, TokenTransformer


def scaled_down(inputs: Float[Tensor, "*batch F"]) -> Float[Tensor, "*batch F"]:
    """Turn a projection with standard deviation 1/sqrt(F) into one with 1/F.

    Args:
        inputs: Projected features; F is also the number of pixels.
    """
    return inputs * inputs.shape[-1] ** -0.5


class EarlierTokens(nn.Module):
    """Tokens `[x_t ; one-hot(y_{t-1})]` of the earlier reproduction.

    It normalised every column by the mean and standard deviation over all sequences. Over many tasks these approach the
    values used here: inputs, normalised before they are projected, have mean zero and the projection's standard
    deviation; a label is present at every position except the first, and is one of C.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        length: Examples T of an episode.
        small: Projections have the standard deviation 1/F.
        normalised: Every column is normalised, including those of the label.
    """

    def __init__(self, num_features: int, num_classes: int, length: int, small: bool, normalised: bool) -> None:
        super().__init__()
        self.num_features, self.small, self.normalised = num_features, small, normalised
        self.mean = (length - 1) / length / num_classes
        self.std = (self.mean * (1 - self.mean)) ** 0.5

    def forward(self, tokens: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Change tokens of inputs with standard deviation one.

        Args:
            tokens: Inputs, then the one-hot label.
        """
        inputs, labels = tokens[..., : self.num_features], tokens[..., self.num_features :]
        if self.normalised:  # this also undoes the scale of the projection
            return torch.cat([inputs, (labels - self.mean) / self.std], -1)
        return torch.cat([scaled_down(inputs) if self.small else inputs, labels], -1)


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
        # Still called `embed`, so that the optimiser recognises it.
        self.embed = nn.Sequential(tokens, self.embed)  # type: ignore[assignment]


class EarlierSGD(SGD):
    """An `SGD` learner with the inputs and logits of the earlier reproduction's MLP.

    The steps are `torch.optim.Adam`'s; the networks of a batch are independent.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        learning_rate: Learning rate of Adam.
        depth: Hidden ReLU layers.
        width: Units of each hidden layer.
        small: Projections have the standard deviation 1/F instead of 1/sqrt(F).
        normalised: Every feature is normalised after the projection.
        final_relu: The logits pass through a ReLU too, so none is below zero.
        seed: Seed of the initial network.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        learning_rate: float = 1e-3,
        depth: int = 2,
        width: int = 64,
        small: bool = True,
        normalised: bool = True,
        final_relu: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__(
            num_features, num_classes, "adam", learning_rate, depth=depth, width=width, init_scale=2**0.5, seed=seed
        )
        self.small, self.normalised, self.final_relu = small and not normalised, normalised, final_relu

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        with torch.autocast(inputs.device.type, enabled=False), torch.enable_grad():
            examples = F.pad(scaled_down(inputs) if self.small else inputs, (0, 1), value=1.0)
            layers = [weights.repeat(len(inputs), 1, 1).requires_grad_() for weights in self.initial]
            adam = torch.optim.Adam(layers, self.optimiser.learning_rate)
            predictions = []
            for t in range(inputs.shape[1]):
                logits = self._predict(layers, examples[:, t])
                predictions.append(logits.detach())
                adam.zero_grad()
                F.cross_entropy(logits, labels[:, t], reduction="sum").backward()
                adam.step()
        return torch.stack(predictions, 1)

    def _predict(self, layers: list[Tensor], example: Tensor) -> Tensor:
        """Pass one example through every network; the last row of a layer's weights is its bias."""
        hidden = example.unsqueeze(1)
        for layer, weights in enumerate(layers):
            hidden = torch.bmm(hidden, weights)
            if layer < len(layers) - 1:
                hidden = F.pad(hidden.relu(), (0, 1), value=1.0)
        logits = hidden.squeeze(1)
        return logits.relu() if self.final_relu else logits
