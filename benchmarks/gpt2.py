"""The token Transformer next to GPT-2 of Hugging Face's transformers: `python benchmarks/gpt2.py [--device cuda]`.

The script times a training step at two widths, one operation at a time, with the same batch and optimiser. GPT-2 is
timed in our precision in every variant, and with its defaults in float32. Needs `pip install transformers`.
"""

import argparse
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.bench.groups import CLASSES, Case, training_step
from gpicl.bench.timing import Session
from gpicl.learners import Learner
from gpicl.learners.operations import previous_label

try:
    import transformers
except ImportError as error:
    raise SystemExit(f"This comparison needs transformers: pip install transformers ({error})") from error

# Ways to compute GPT-2's attention and activation; the first is the default. The other activation is the same function
# as one operation.
VARIANTS = {
    "sdpa": ("sdpa", "gelu_new"),
    "eager": ("eager", "gelu_new"),
    "sdpa, fused GELU": ("sdpa", "gelu_pytorch_tanh"),
    "eager, fused GELU": ("eager", "gelu_pytorch_tanh"),
}


class Gpt2(Learner):
    """`[x_t ; one-hot(y_{t-1})]` -> linear -> `GPT2Model(inputs_embeds=...)` -> linear, without dropout and cache.

    Args:
        case: Size of the model.
        attention: `sdpa` or `eager`.
        activation: Activation of the feed-forward layers.
    """

    def __init__(self, case: Case, attention: str, activation: str) -> None:
        super().__init__(case.num_features, CLASSES)
        width, layers = case.options["width"], case.options["layers"]
        config: Any = transformers.GPT2Config(
            vocab_size=1,
            n_positions=case.length,
            n_embd=width,
            n_layer=layers,
            n_head=case.options["heads"],
            activation_function=activation,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation=attention,
        )
        self.embed = nn.Linear(case.num_features + CLASSES, width)
        self.body: nn.Module = transformers.GPT2Model(config)
        self.readout = nn.Linear(width, CLASSES)
        self.per_position = 2 * layers * width

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it."""
        embedded = self.embed(torch.cat([inputs, previous_label(labels, self.num_classes).to(inputs.dtype)], 2))
        return self.readout(self.body(inputs_embeds=embedded, use_cache=False).last_hidden_state)

    def state_size(self, length: int = 100) -> int:
        """Keys and values of every layer and position."""
        return self.per_position * length


class Gpt2Case(Case):
    """A case that builds GPT-2 of the same size; its name is a key of `VARIANTS`."""

    def build(self) -> Learner:
        """Build GPT-2."""
        return Gpt2(self, *VARIANTS[self.name])


def main() -> None:
    """Time both at two widths, in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--scale", choices=["full", "smoke"], default="full")
    options = parser.parse_args()
    sessions = [Session(options.scale, torch.device(options.device), precision) for precision in ("auto", "fp32")]
    session, in_float32 = sessions
    scale = session.scale
    size, channels = scale.images[0]
    for learner_options in (scale.transformer, scale.wide):
        case = Case("TokenTransformer", learner_options, scale.batch, scale.length, size * size * channels)
        works = {
            "TokenTransformer": training_step(case, session),
            "GPT-2 as it comes, fp32": training_step(Gpt2Case("sdpa", *case[1:]), in_float32),
            **{f"GPT-2, {name}": training_step(Gpt2Case(name, *case[1:]), session) for name in VARIANTS},
        }
        figures = session.measure("gpt2", {(name, "eager"): work for name, work in works.items()})
        print(f"d = {learner_options['width']}, B = {case.batch}, {session.kind}, {options.device}")
        for figure in figures:
            times = figure.milliseconds / figures[0].milliseconds
            print(f"  {figure.name:24} {figure.milliseconds:8.2f} ms  {times:5.2f} times ours", flush=True)


if __name__ == "__main__":
    main()
