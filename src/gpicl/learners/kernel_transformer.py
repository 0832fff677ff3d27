"""A Transformer that is equivariant to its classes and sees its inputs only through their similarities."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.base import EncodedContext, Learner
from gpicl.learners.layers import StreamMixer
from gpicl.learners.operations import joint_linear
from gpicl.learners.options import at_least, divided_by
from gpicl.learners.similarity import ContextInputs, causal_similarity, encode_inputs, query_similarity
from gpicl.learners.two_stream_attention import Slots, TwoStreamAttention


class KernelTransformer(Learner):
    """Attention over similarities, with one stream per position and one per position and class.

    A class-free stream `h_i` and per-class streams `g_{i,c}`, whose weights all classes share. Attention logits are
    `q_i . k_j / sqrt(D) + 4 alpha G_ij` with heads of size D and the similarity `G` of `causal_similarity`; a class's
    value is `W g_{j,c} + w_y [y_j = c]`. Inputs are used only through `G`, since `h` starts as a learned constant. So
    rotating the inputs changes nothing, permuting the labels permutes the predictions, and the same weights work for
    any number of features and classes. Strictly causal with a null slot, like `ValueTransformer`. Before any
    meta-training it is a vote of similar examples, because heads start with different sharpness.

    Args:
        num_features: Features F of an input; only stored, no weight depends on it (see `with_size`).
        num_classes: Classes C of a task; only stored.
        layers: Number of blocks.
        width: Size d of the class-free stream.
        class_width: Size e of a class's stream.
        heads: Attention heads per block; they divide both sizes.
    """

    any_size = True
    rotation_invariant = True

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        layers: int = 4,
        width: int = 64,
        class_width: int = 16,
        heads: int = 4,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, layers=layers, width=width, class_width=class_width, heads=heads)
        divided_by(heads, width=width, class_width=class_width)
        self.start = nn.Parameter(torch.randn(width))
        self.attentions = nn.ModuleList(_KernelAttention(width, class_width, heads, 2 / layers) for _ in range(layers))
        self.mixers = nn.ModuleList(StreamMixer(width, class_width, 2 / layers) for _ in range(layers))
        self.readout = nn.Linear(class_width, 1, bias=False)
        nn.init.constant_(self.readout.weight, 4 / class_width)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        return self._run(inputs, labels)[0]

    def encode_context(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> EncodedContext:
        """See `Learner.encode_context`. The slots do not depend on the queries."""
        logits, slots = self._run(inputs, labels)
        return EncodedContext(logits, _Memory(encode_inputs(inputs), slots))

    def query(self, memory: "_Memory", queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q C"]:
        """Predict queries that do not see each other; see `Learner.query`."""
        similarity = _for_slots(query_similarity(memory.inputs, queries))
        hidden, per_class = self._start(queries)
        attentions = cast("list[_KernelAttention]", list(self.attentions))
        for attention, mixer, slots in zip(attentions, self.mixers, memory.slots, strict=True):
            hidden, per_class = attention.look(hidden, per_class, slots, similarity)
            hidden, per_class = mixer(hidden, per_class)
        return self.readout(per_class).squeeze(3)

    def query_size(self, length: int) -> int:
        """Scores of every head and slot, and the streams in the widest layer of a block."""
        width, class_width, heads = (self.options[name] for name in ("width", "class_width", "heads"))
        return 4 * (heads + 1) * (length + 1) + 12 * (width + self.num_classes * class_width)

    def _run(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, list["Slots"]]:
        similarity = _for_slots(causal_similarity(inputs))
        is_class = F.one_hot(labels, self.num_classes).to(self.start.dtype)[..., None]
        hidden, per_class = self._start(labels)
        memory = []
        for attention, mixer in zip(self.attentions, self.mixers, strict=True):
            hidden, per_class, slots = attention(hidden, per_class, is_class, similarity)
            hidden, per_class = mixer(hidden, per_class)
            memory.append(slots)
        return self.readout(per_class).squeeze(3), memory

    def _start(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The streams before any block, for positions `[B, T, ...]`; they do not depend on the inputs."""
        batch, length = positions.shape[:2]
        hidden = self.start.expand(batch, length, -1)
        return hidden, hidden.new_zeros(batch, length, self.num_classes, self.readout.in_features)

    def state_size(self, length: int = 100) -> int:
        """Keys, values and class values of every layer and position, and the inputs that similarities need."""
        width, class_width, layers = (self.options[name] for name in ("width", "class_width", "layers"))
        return length * (self.num_features + layers * (2 * width + self.num_classes * class_width))


class _Memory(NamedTuple):
    """A context that has been read."""

    inputs: ContextInputs
    slots: list[Slots]


class _KernelAttention(TwoStreamAttention):
    """Adds the values of the examples before a position, weighted by similarity."""

    def __init__(self, width: int, class_width: int, heads: int, scale: float) -> None:
        sharpness = torch.linspace(0, 4, heads) if heads > 1 else torch.full((1,), 2.0)
        super().__init__(width, class_width, heads, sharpness, scale)

    def forward(
        self,
        hidden: Float[Tensor, "B T d"],
        per_class: Float[Tensor, "B T C e"],
        is_class: Float[Tensor, "B T C 1"],
        similarity: Float[Tensor, "B T S"],
    ) -> tuple[Float[Tensor, "B T d"], Float[Tensor, "B T C e"], Slots]:
        queries, keys, values = joint_linear(self.norm(hidden), self.queries, self.keys, self.values)
        class_values = self.class_values(self.class_norm(per_class))
        # In the values' precision; otherwise the sum and the attention over it would change precision.
        class_values = class_values + (is_class * self.label_value).to(class_values.dtype)
        slots = self.slots(keys, values, class_values)
        # Slot t + 1 is example t: position t sees the null slot and the examples before it.
        bias = self._bias(similarity, queries.dtype)
        return *self.attend(hidden, per_class, queries, slots, bias, causal=True), slots

    def look(
        self,
        hidden: Float[Tensor, "B Q d"],
        per_class: Float[Tensor, "B Q C e"],
        slots: Slots,
        similarity: Float[Tensor, "B Q S"],
    ) -> tuple[Float[Tensor, "B Q d"], Float[Tensor, "B Q C e"]]:
        """Let queries attend to all slots of a context."""
        queries = self.queries(self.norm(hidden))
        return self.attend(hidden, per_class, queries, slots, self._bias(similarity, queries.dtype))

    def _bias(self, similarity: Float[Tensor, "B T S"], dtype: torch.dtype) -> Float[Tensor, "B heads T S"]:
        # These are the largest tensors, one number per head and pair of positions, so they are kept in the queries'
        # precision.
        return self.sharpness.to(dtype)[:, None, None] * similarity.to(dtype)[:, None]


def _for_slots(similarity: Float[Tensor, "B T T2"]) -> Float[Tensor, "B T S"]:
    """Similarities at the scale of attention logits, after the null slot, whose similarity is zero."""
    return F.pad(4 * similarity, (1, 0))
