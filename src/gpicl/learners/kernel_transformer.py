"""A Transformer that is equivariant to its classes and sees its inputs through their similarities alone."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.base import Learner, Reading
from gpicl.learners.initialisation import variance_scaling_
from gpicl.learners.joint_linear import joint_linear
from gpicl.learners.options import at_least, divided_by
from gpicl.learners.rows import permute_rows
from gpicl.learners.similarity import ContextInputs, causal_similarity, query_similarity, remember_inputs
from gpicl.learners.stream_mixer import StreamMixer


class KernelTransformer(Learner):
    """Attention over similarities, with one stream per position and one per position and class.

    A class-free stream `h_i` and per-class streams `g_{i,c}`, whose weights all classes share. Attention logits are
    `q_i . k_j + alpha G_ij` with the similarity `G` of `causal_similarity`; a class's value is
    `W g_{j,c} + w_y [y_j = c]`. Inputs enter through `G` alone, as `h` begins as a learned constant. Hence rotating
    the inputs changes nothing, permuting the labels permutes the answers, and the same weights serve any number of
    features and classes. Strictly causal with a null slot, like `ValueTransformer`. Before any meta-training it is a
    vote of similar examples, because heads begin with similarities of different sharpness.

    Args:
        num_features: Features F of an input; only remembered, no weight depends on it (see `with_size`).
        num_classes: Classes C of a task; only remembered.
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
        """Predict every label from what came before it; see `Learner.forward`."""
        return self._run(inputs, labels)[0]

    def remember(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Reading:
        """Read a context once; see `Learner.remember`. Its slots do not depend on what will be asked."""
        logits, slots = self._run(inputs, labels)
        return Reading(logits, _Memory(remember_inputs(inputs), slots))

    def answer(self, memory: "_Memory", queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q C"]:
        """Predict queries that do not see each other; see `Learner.answer`."""
        similarity = _for_slots(query_similarity(memory.inputs, queries))
        hidden, per_class = self._start(queries)
        attentions = cast("list[_KernelAttention]", list(self.attentions))
        for attention, mixer, slots in zip(attentions, self.mixers, memory.slots, strict=True):
            hidden, per_class = attention.look(hidden, per_class, slots, similarity)
            hidden, per_class = mixer(hidden, per_class)
        return self.readout(per_class).squeeze(3)

    def answer_size(self, length: int) -> int:
        """Scores of every head and slot, and what the widest layer of a block holds of the streams."""
        width, class_width, heads = (self.options[name] for name in ("width", "class_width", "heads"))
        return 4 * (heads + 1) * (length + 1) + 12 * (width + self.num_classes * class_width)

    def _run(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, list["_Slots"]]:
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
        """The streams before any block, for positions `[B, T, ...]`: they hold nothing of the inputs."""
        batch, length = positions.shape[:2]
        hidden = self.start.expand(batch, length, -1)
        return hidden, hidden.new_zeros(batch, length, self.num_classes, self.readout.in_features)

    def state_size(self, length: int = 100) -> int:
        """Keys, values and class values of every layer and position, and the inputs that similarities need."""
        width, class_width, layers = (self.options[name] for name in ("width", "class_width", "layers"))
        return length * (self.num_features + layers * (2 * width + self.num_classes * class_width))


class _Slots(NamedTuple):
    """What one layer's attention looks back at: the null slot, then one slot for every example.

    Attributes:
        keys: [B * heads, T + 1, d / heads].
        values: The class-free stream's and then every class's, side by side, [B * heads, T + 1, (d + C e) / heads].
    """

    keys: Tensor
    values: Tensor


class _Memory(NamedTuple):
    """A context that has been read."""

    inputs: ContextInputs
    slots: list[_Slots]


class _KernelAttention(nn.Module):
    """Adds what the examples before a position say, to its own stream and to each class's."""

    def __init__(self, width: int, class_width: int, heads: int, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.class_norm = nn.LayerNorm(class_width)
        self.queries, self.keys, self.values = (
            variance_scaling_(nn.Linear(width, width, bias=False), scale) for _ in range(3)
        )
        self.class_values = variance_scaling_(nn.Linear(class_width, class_width, bias=False), scale)
        self.label_value = nn.Parameter(torch.ones(class_width))
        self.sharpness = nn.Parameter(torch.linspace(0, 4, heads) if heads > 1 else torch.full((1,), 2.0))
        self.null_key = nn.Parameter(torch.zeros(width))
        self.null_value = nn.Parameter(torch.zeros(width))
        self.out = variance_scaling_(nn.Linear(width, width), scale)
        self.class_out = nn.Linear(class_width, class_width, bias=False)
        nn.init.eye_(self.class_out.weight)

    def forward(
        self,
        hidden: Float[Tensor, "B T d"],
        per_class: Float[Tensor, "B T C e"],
        is_class: Float[Tensor, "B T C 1"],
        similarity: Float[Tensor, "B T S"],
    ) -> tuple[Float[Tensor, "B T d"], Float[Tensor, "B T C e"], _Slots]:
        queries, keys, values = joint_linear(self.norm(hidden), self.queries, self.keys, self.values)
        class_values = self.class_values(self.class_norm(per_class))
        # In the values' precision, or the sum, and with it the attention over it, would be taken in another one.
        class_values = class_values + (is_class * self.label_value).to(class_values.dtype)
        slots = self._slots(keys, values, class_values)
        length = hidden.shape[1]
        # Slot t + 1 is example t: position t sees the null slot and the examples before it.
        hide_future = queries.new_full((length, length + 1), float("-inf")).triu_(1)
        return *self._attend(hidden, per_class, queries, slots, similarity, hide_future), slots

    def look(
        self,
        hidden: Float[Tensor, "B Q d"],
        per_class: Float[Tensor, "B Q C e"],
        slots: _Slots,
        similarity: Float[Tensor, "B Q S"],
    ) -> tuple[Float[Tensor, "B Q d"], Float[Tensor, "B Q C e"]]:
        """Let queries look at a context's slots, all of which stand before them."""
        return self._attend(hidden, per_class, self.queries(self.norm(hidden)), slots, similarity, None)

    def _slots(self, keys: Tensor, values: Tensor, class_values: Float[Tensor, "B T C e"]) -> _Slots:
        with_null = (
            _null_first(self.null_key, keys),
            _null_first(self.null_value, values),
            F.pad(class_values, (0, 0, 0, 0, 1, 0)),
        )
        # The heads go before the slots, and the classes of one head beside each other.
        keys, values, by_class = (x.unflatten(-1, (self.heads, -1)) for x in with_null)
        by_class = permute_rows(by_class, (0, 3, 1, 2)).flatten(3)
        joined = torch.cat([values.transpose(1, 2), by_class], 3)
        return _Slots(keys.transpose(1, 2).flatten(0, 1), joined.flatten(0, 1))

    def _attend(
        self,
        hidden: Tensor,
        per_class: Tensor,
        queries: Tensor,
        slots: _Slots,
        similarity: Tensor,
        mask: Float[Tensor, "T S"] | None,
    ) -> tuple[Tensor, Tensor]:
        heads, width = self.heads, hidden.shape[2]
        classes, class_width = per_class.shape[2:]
        q = queries.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1)
        # The largest tensors of all are these, one number for each head and pair of positions: they are never held in
        # more than the queries' precision.
        bias = self.sharpness.to(q.dtype)[:, None, None] * similarity.to(q.dtype)[:, None]
        if mask is not None:
            # After the product: 0 * -inf, for a head that ignores similarity, would be no number.
            bias += mask
        scores = torch.baddbmm(bias.flatten(0, 1), q, slots.keys.mT, alpha=q.shape[2] ** -0.5)
        mixed = torch.bmm(scores.softmax(2), slots.values)
        own, others = mixed.unflatten(0, (-1, heads)).split([width // heads, classes * class_width // heads], 3)
        own = own.transpose(1, 2).flatten(2)
        others = permute_rows(others.unflatten(3, (classes, -1)), (0, 2, 3, 1)).flatten(3)
        return hidden + self.out(own), per_class + self.class_out(others)


def _for_slots(similarity: Float[Tensor, "B T T2"]) -> Float[Tensor, "B T S"]:
    """Similarities at the scale of attention logits, with the null slot's before them: it is like nothing."""
    return F.pad(4 * similarity, (1, 0))


def _null_first(null: Float[Tensor, " d"], slots: Float[Tensor, "B T d"]) -> Float[Tensor, "B S d"]:
    return torch.cat([null.to(slots.dtype).expand(slots.shape[0], 1, -1), slots], 1)
