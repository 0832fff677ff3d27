"""A class-equivariant Transformer that reads its context as a set and starts from kernel machines' predictions."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners import kernel_ridge
from gpicl.learners.base import EncodedContext, Learner
from gpicl.learners.geometry import WHITENINGS, Geometry, Relations, read_geometry, see_geometry
from gpicl.learners.layers import StreamMixer, variance_scaling_
from gpicl.learners.operations import precise
from gpicl.learners.options import at_least, divided_by
from gpicl.learners.set_attention import SetAttention
from gpicl.learners.two_stream_attention import Slots

_GEOMETRIES = 1 + len(WHITENINGS)
_KERNELS = kernel_ridge.count_opinions(_GEOMETRIES)
# The number of examples is an input, as a logarithm and clipped to the largest number seen in meta-training.
_MOST_EXAMPLES = 100
# Folds in which a context predicts its own examples. A long one has two: half of it predicts nearly as well as three
# quarters, at half the cost. A short one has many: without a quarter it predicts much worse.
_FOLDS, _FOLDS_OF_LONG, _LONG, _FOLDS_OF_SHORT, _SHORT = 4, 2, 128, 10, 64

# Meta-training uses every context length up to the first number, and above it multiples of the second.
_EXACT_LENGTHS, _BUCKET = 8, 4


class KernelSetTransformer(Learner):
    """All examples of a context attend to each other, and queries attend to them.

    WHY a set: in a causal Transformer, an example is processed before most of the others are known. Here, for every
    position t, the examples 1..t-1 are read together and then predict `x_t`. So the result of `Learner.forward` at
    position t depends only on the past, and not on the order of the examples. The price is one pass per position:
    `predict` computes only the positions it is given, and training (`training_logits`) draws one context length and
    predicts many queries from it.

    Like `KernelTransformer`, it has a class-free stream `h_i` and per-class streams `g_{i,c}`, whose weights all
    classes share. Inputs are used only through their relations (`geometry`: cosines and distances, plain and whitened
    by the context's covariance, also within classes). Streams start from the predictions of kernel ridge regressions
    (`kernel_ridge`): leave-one-out for every example, and plain for every query. A weighted sum of them is also added
    to the logits. So before any meta-training it is as accurate as a kernel machine, and meta-training learns which
    prediction to trust when.

    Args:
        num_features: Features F of an input; only stored, no weight depends on it (see `with_size`).
        num_classes: Classes C of a task; only stored.
        layers: Number of blocks.
        width: Size d of the class-free stream.
        class_width: Size e of a class's stream.
        heads: Attention heads per block; they divide both sizes.
        queries: Examples at the end of a meta-training episode that are predicted rather than read.
    """

    any_size = True
    rotation_invariant = True
    ordered = False
    training_passes = 8

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        layers: int = 4,
        width: int = 64,
        class_width: int = 16,
        heads: int = 4,
        queries: int = 40,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, layers=layers, width=width, class_width=class_width, heads=heads, queries=queries)
        divided_by(heads, width=width, class_width=class_width)
        self.queries = queries
        self.start = nn.Parameter(torch.randn(width))
        self.query_start = nn.Parameter(torch.zeros(width))
        # Called `embed` because Muon does not train the first layer.
        self.embed = nn.ModuleDict(
            {
                "row": variance_scaling_(nn.Linear(_GEOMETRIES + 1 + _KERNELS, width), 1.0),
                "per_class": variance_scaling_(nn.Linear(_KERNELS + 2, class_width, bias=False), 1.0),
            }
        )
        self.attentions = nn.ModuleList(
            SetAttention(width, class_width, heads, 2 * _GEOMETRIES, 2 / layers) for _ in range(layers)
        )
        self.mixers = nn.ModuleList(StreamMixer(width, class_width, 2 / layers) for _ in range(layers))
        self.readout = nn.Linear(class_width, 1, bias=False)
        nn.init.constant_(self.readout.weight, 1 / class_width)
        self.trust = nn.Parameter(torch.full((_KERNELS,), 8.0 / _KERNELS))

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it, with one pass each; see `Learner.forward`."""
        return self.predict(inputs, labels, range(1, inputs.shape[1] + 1))

    def predict(
        self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"], positions: Sequence[int]
    ) -> Float[Tensor, "B P C"]:
        """Predict the labels at some positions; see `Learner.predict`."""
        answers = [
            self._ask(inputs[:, : position - 1], labels[:, : position - 1], inputs[:, position - 1 : position])
            for position in positions
        ]
        return torch.cat(answers, 1)

    def training_logits(
        self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"], step: int
    ) -> tuple[Float[Tensor, "B Q C"], Int64[Tensor, "B Q"]]:
        """Predict the last examples of an episode from the others; see `Learner.training_logits`.

        Examples of an episode are exchangeable, so each query is as good as the one at the position after the context.
        """
        asked = min(self.queries, inputs.shape[1] - 1)
        count = self.training_context(inputs.shape[1], step)
        queries = slice(count, count + asked)
        return self._ask(inputs[:, :count], labels[:, :count], inputs[:, queries]), labels[:, queries]

    def training_context(self, length: int, step: int) -> int:
        """Return the length of the context at a step.

        Lengths are spread evenly: the golden ratio leaves no gaps, whenever a run stops. Lengths above eight are
        rounded up to multiples of four, so that a GPU captures few shapes.
        """
        longest = length - min(self.queries, length - 1)
        count = 1 + int((step + 1) * 0.6180339887498949 % 1 * longest)
        return count if count <= _EXACT_LENGTHS else min(longest, -(-count // _BUCKET) * _BUCKET)

    def encode_context(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> EncodedContext:
        """See `Learner.encode_context`. The examples are predicted in folds, each from the others."""
        count = inputs.shape[1]
        logits = inputs.new_zeros(*labels.shape, self.num_classes)
        folds = _FOLDS_OF_SHORT if count < _SHORT else _FOLDS if count < _LONG else _FOLDS_OF_LONG
        folds = min(folds, count)
        for fold in range(folds):
            # An index rather than a mask: the number of rows of a mask would need a GPU synchronisation.
            read = torch.tensor([i for i in range(count) if i % folds != fold], device=inputs.device, dtype=torch.int64)
            queries = self._ask(inputs[:, read], labels[:, read], inputs[:, fold::folds])
            logits[:, fold::folds] = queries.to(logits.dtype)
        return EncodedContext(logits, self.encode_memory(inputs, labels))

    def query(self, memory: "_Memory", queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q C"]:
        """Predict queries that do not see each other; see `Learner.query`."""
        with torch.autocast(queries.device.type, enabled=False):
            relations = see_geometry(memory.geometry, precise(queries))
            opinions = kernel_ridge.ask(memory.solution, relations)
        hidden, per_class = self._begin(relations, opinions, None)
        related = _related(relations, hidden.dtype)
        for attention, mixer, slots in zip(self._attentions, self.mixers, memory.slots, strict=True):
            hidden, per_class = attention.look(hidden, per_class, slots, related)
            hidden, per_class = mixer(hidden, per_class)
        return self.readout(per_class).squeeze(3) + opinions.scores @ self.trust.to(opinions.scores.dtype)

    def query_size(self, length: int) -> int:
        """Relations, kernels and scores of every head, and the streams in the widest layer of a block."""
        width, class_width, heads = (self.options[name] for name in ("width", "class_width", "heads"))
        rows = (4 * _GEOMETRIES + 2 * _KERNELS + 4 * heads) * (length + 1)
        return rows + 12 * (width + self.num_classes * class_width) + 4 * self.num_classes * _KERNELS

    def state_size(self, length: int = 100) -> int:
        """Keys, values and class values of every layer and example, and the inputs that relations need."""
        width, class_width, layers = (self.options[name] for name in ("width", "class_width", "layers"))
        return length * (self.num_features + layers * (2 * width + self.num_classes * class_width))

    @property
    def _attentions(self) -> "list[SetAttention]":
        return cast("list[SetAttention]", list(self.attentions))

    def _ask(self, inputs: Tensor, labels: Tensor, queries: Tensor) -> Float[Tensor, "B Q C"]:
        if not inputs.shape[1]:
            # Without examples, all classes are equal. The product keeps the logits connected to the weights.
            return 0 * self.trust.sum() * queries.new_ones(*queries.shape[:2], self.num_classes)
        return self.query(self.encode_memory(inputs, labels), queries)

    def encode_memory(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> "_Memory":
        """Read a context; every example attends to all others. See `Learner.encode_memory`."""
        with torch.autocast(inputs.device.type, enabled=False):
            x = precise(inputs)
            is_class = F.one_hot(labels, self.num_classes).to(x.dtype)
            geometry, relations = read_geometry(x, is_class)
            solution, opinions = kernel_ridge.solve(relations, is_class)
        hidden, per_class = self._begin(relations, opinions, is_class)
        related = _related(relations, hidden.dtype)
        memory = []
        for attention, mixer in zip(self._attentions, self.mixers, strict=True):
            hidden, per_class, slots = attention.read(hidden, per_class, is_class[..., None], related)
            hidden, per_class = mixer(hidden, per_class)
            memory.append(slots)
        return _Memory(geometry, solution, memory)

    def _begin(
        self, relations: Relations, opinions: kernel_ridge.Opinions, is_class: Tensor | None
    ) -> tuple[Float[Tensor, "B R d"], Float[Tensor, "B R C e"]]:
        """The streams before any block, of examples with labels or of queries without."""
        known = relations.lengths.new_zeros(opinions.scores.shape[:3]) if is_class is None else is_class
        lengths = relations.lengths.transpose(1, 2)
        # Counted rather than read from the shape, which would fix the number in an exported model.
        count = torch.ones_like(relations.cosines[0, 0, 0]).sum().clamp_max(_MOST_EXAMPLES)
        of_count = (count / 50).log().expand_as(lengths[..., :1])
        row = torch.cat([lengths, of_count, opinions.doubts - 0.5], 2)
        of_class = torch.cat([opinions.scores, known[..., None], torch.ones_like(known[..., None])], 3)
        hidden = self.start + self.embed["row"](row)
        return hidden + self.query_start if is_class is None else hidden, self.embed["per_class"](of_class)


class _Memory(NamedTuple):
    """A context that has been read."""

    geometry: Geometry
    solution: kernel_ridge.Solution
    slots: list[Slots]


def _related(relations: Relations, dtype: torch.dtype) -> Float[Tensor, "B R _ N"]:
    """Cosine and nearness in every geometry, as consecutive pairs."""
    pairs = torch.stack([relations.cosines, 1 - relations.distances], 2)
    return pairs.flatten(1, 2).to(dtype)
