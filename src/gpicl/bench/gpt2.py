"""GPT-2 of Hugging Face's `transformers`, reading episodes as the token Transformer does."""

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners import Learner
from gpicl.learners.operations import previous_label


class Gpt2(Learner):
    """`[x_t ; one-hot(y_{t-1})]` -> linear -> `GPT2Model(inputs_embeds=...)` -> linear.

    Without dropout and without a cache of keys, which meta-training has no use for.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        length: Positions.
        layers: Blocks.
        width: Size d of the stream.
        heads: Heads per block, of `width / heads` each.
        attention: `sdpa` or `eager`.
        activation: Name of the feed-forward layers' activation.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        length: int,
        layers: int,
        width: int,
        heads: int,
        attention: str,
        activation: str,
    ) -> None:
        super().__init__(num_features, num_classes)
        # Only `gpicl bench` looks for it, and only where it is installed.
        import transformers

        config: Any = transformers.GPT2Config(
            vocab_size=1,
            n_positions=length,
            n_embd=width,
            n_layer=layers,
            n_head=heads,
            activation_function=activation,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation=attention,
        )
        self.embed = nn.Linear(num_features + num_classes, width)
        self.body: nn.Module = transformers.GPT2Model(config)
        self.readout = nn.Linear(width, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from what came before it."""
        before = previous_label(labels, self.num_classes).to(inputs.dtype)
        embedded = self.embed(torch.cat([inputs, before], 2))
        return self.readout(self.body(inputs_embeds=embedded, use_cache=False).last_hidden_state)

    def state_size(self, length: int = 100) -> int:
        """Keys and values of every layer and position."""
        return 2 * length * self.options["layers"] * self.options["width"]
