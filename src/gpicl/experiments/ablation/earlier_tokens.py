"""What the earlier reproduction did to a learner's inputs."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def scaled_down(inputs: Float[Tensor, "*batch F"]) -> Float[Tensor, "*batch F"]:
    """Turn a projection with standard deviation 1/sqrt(F) into one with 1/F.

    Args:
        inputs: Projected features, as many as there were pixels.
    """
    return inputs * inputs.shape[-1] ** -0.5


class EarlierTokens(nn.Module):
    """Tokens `[x_t ; one-hot(y_{t-1})]` as the earlier reproduction had them.

    Its normalisation took every column's mean and standard deviation over all sequences. Over many tasks these come to
    what is written here: inputs, normalised before they are projected, have mean zero and the projection's standard
    deviation; a label is there in all positions but the first, and is one of C.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        length: Examples T of an episode.
        small: Projections have the standard deviation 1/F.
        normalised: Every column is normalised, those of the label too.
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
        if self.normalised:  # which also undoes what the projection's scale has done
            return torch.cat([inputs, (labels - self.mean) / self.std], -1)
        return torch.cat([scaled_down(inputs) if self.small else inputs, labels], -1)
