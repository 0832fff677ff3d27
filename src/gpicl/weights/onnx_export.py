"""Export a learner as an ONNX model, which runs without Python or PyTorch."""

import copy
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.onnx import symbolic_helper

from gpicl.errors import ConfigError, LearnerError
from gpicl.files import write_atomically
from gpicl.learners import Learner

_INPUTS = ("context", "labels", "queries")
_AXES = {
    "context": ("batch", "examples", "features"),
    "labels": ("batch", "examples"),
    "queries": ("batch", "queries", "features"),
    "logits": ("batch", "queries", "classes"),
}
_OPSET = 17
# Numbers of episodes, examples and queries for tracing the model, and for checking it.
_TRACED = (2, 7, 5)
_TRIED = ((1, 1, 1), (1, 2, 1), (3, 30, 4), (1, 130, 2))
# Numbers of data types in PyTorch and in ONNX, for `eye`: float32, float64, bool.
_ONNX_TYPES = {6: 1, 7: 11, 11: 9}
# Largest difference of a probability between PyTorch and onnxruntime, both in float32.
_TOLERANCE = 1e-4


def export_onnx(learner: Learner, path: Path, num_classes: int | None = None) -> None:
    """Write a model that reads contexts and answers queries. The model is checked before it is written.

    Inputs are `context` [batch, examples, features] float32, `labels` [batch, examples] int64 and `queries` [batch,
    queries, features] float32. The output is `logits` [batch, queries, classes]; queries do not affect each other. The
    numbers of episodes, examples and queries are free, and so is the number of features if the learner reads any. A
    learner with a `max_length` reads one example fewer than that.

    Args:
        learner: Learner in float32.
        path: File to write.
        num_classes: Number C of classes, for learners that read any number; None uses that of meta-training.

    Raises:
        ConfigError: If the packages of `gpicl[onnx]` are not installed.
        LearnerError: If the learner cannot be exported with variable sizes, or has a fixed number of classes other
            than `num_classes`.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  # torch.onnx needs it, but its error is less clear
    except ImportError as error:
        raise ConfigError(
            f'Cannot export to ONNX: {error}. Install the packages with: pip install "gpicl[onnx]".'
        ) from error
    features = learner.num_features
    learner = copy.deepcopy(learner)  # copies of another size share modules, whose mode would change
    model = _Asked(learner.with_size(features, learner.num_classes if num_classes is None else num_classes)).eval()
    size = features + 1 if learner.any_size else features
    longest = learner.max_length or 1000
    examples = [model.example(batch, min(count, longest - 1), queries, size) for batch, count, queries in _TRIED]
    for export in (_trace, _reason):
        try:
            exported = onnx.load_from_string(export(model, features))
            _name_axes(exported, model.learner)
            content = exported.SerializeToString()
            session = onnxruntime.InferenceSession(content, _quiet(onnxruntime.SessionOptions()))
            for example in examples:
                _try(model, session, example)
        except Exception as error:  # the exporters and onnxruntime raise unrelated types
            failure = error
            continue
        write_atomically(path, partial(Path.write_bytes, data=content))
        return
    raise LearnerError(
        f"{type(learner).__name__} cannot be exported with a variable number of examples: it reads them one after the "
        f"other, or uses an operation that ONNX lacks ({_first_line(failure)}). Export a Transformer instead."
    ) from failure


class _Asked(nn.Module):
    """A learner as one function of context and queries."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner

    def forward(
        self, context: Float[Tensor, "B N F"], labels: Int64[Tensor, "B N"], queries: Float[Tensor, "B Q F"]
    ) -> Float[Tensor, "B Q C"]:
        return self.learner.query(self.learner.encode_memory(context, labels), queries)

    def example(self, batch: int, examples: int, queries: int, features: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs of the given size, always the same ones."""
        generator = torch.Generator().manual_seed(0)
        return (
            torch.randn(batch, examples, features, generator=generator),
            torch.randint(self.learner.num_classes, (batch, examples), generator=generator),
            torch.randn(batch, queries, features, generator=generator),
        )


def _trace(model: _Asked, features: int) -> bytes:
    """Export by tracing one example, which takes seconds. Some models cannot be traced with variable sizes."""
    sizes = {name: dict(enumerate(axes)) for name, axes in _AXES.items()}
    if not model.learner.any_size:
        for axes in sizes.values():
            axes.pop(2, None)
    content = io.BytesIO()
    with torch.no_grad(), _hushed(), _more_operators():
        torch.onnx.export(
            model,
            model.example(*_TRACED, features),
            cast("Any", content),
            input_names=list(_INPUTS),
            output_names=["logits"],
            dynamic_axes=sizes,
            opset_version=_OPSET,
            dynamo=False,
        )
    return content.getvalue()


def _reason(model: _Asked, features: int) -> bytes:
    """Export with symbolic sizes, which works for more models, and takes a minute or two for large ones."""
    dynamic = torch.export.Dim.DYNAMIC
    rows = {0: dynamic, 1: dynamic}
    inputs = {**rows, 2: dynamic} if model.learner.any_size else rows
    with torch.no_grad(), _hushed():
        program = torch.export.export(
            model, model.example(*_TRACED, features), dynamic_shapes=(inputs, rows, inputs), strict=False
        )
        exported = torch.onnx.export(
            program, input_names=list(_INPUTS), output_names=["logits"], dynamo=True, verbose=False
        )
    return cast("torch.onnx.ONNXProgram", exported).model_proto.SerializeToString()


def _name_axes(exported: Any, learner: Learner) -> None:
    """Give the axes of inputs and output their names, and set the number of classes."""
    named: dict[str, str] = {}
    for tensor in [*exported.graph.input, *exported.graph.output]:
        for dimension, name in zip(tensor.type.tensor_type.shape.dim, _AXES[tensor.name], strict=True):
            if name == "classes":
                dimension.dim_value = learner.num_classes
            elif dimension.dim_param:
                named[dimension.dim_param] = name
    # Intermediate tensors use the same axis names.
    for tensor in [*exported.graph.input, *exported.graph.output, *exported.graph.value_info]:
        for dimension in tensor.type.tensor_type.shape.dim:
            if dimension.dim_param in named:
                dimension.dim_param = named[dimension.dim_param]


def _quiet(options: Any) -> Any:
    options.log_severity_level = 4  # export_onnx reports models that fail
    return options


def _try(model: _Asked, session: Any, example: tuple[Tensor, ...]) -> None:
    with torch.no_grad():
        expected = model(*example).softmax(2)
    (logits,) = session.run(None, {name: x.numpy() for name, x in zip(_INPUTS, example, strict=True)})
    difference = float((torch.from_numpy(logits).softmax(2) - expected).abs().max())
    if not difference < _TOLERANCE:
        raise ValueError(f"probabilities differ by {difference:.2g} with {example[0].shape[1]} examples")


@contextmanager
def _more_operators() -> Iterator[None]:
    """Register two operators that the exporter does not support, or not for booleans."""
    operators = {"aten::mT": _transposed, "aten::eye": _identity}
    for name, operator in operators.items():
        torch.onnx.register_custom_op_symbolic(name, cast("Any", operator), _OPSET)
    try:
        yield
    finally:
        for name in operators:
            torch.onnx.unregister_custom_op_symbolic(name, _OPSET)


def _transposed(graph: Any, matrices: Any) -> Any:
    axes = list(range(symbolic_helper._get_tensor_rank(matrices) or 0))
    return graph.op("Transpose", matrices, perm_i=[*axes[:-2], axes[-1], axes[-2]])


def _identity(graph: Any, size: Any, dtype: Any, *_: Any) -> Any:
    """Build an identity matrix by comparing row and column; onnxruntime has none of booleans."""
    scalar = graph.op("Constant", value_t=torch.tensor(0)), graph.op("Constant", value_t=torch.tensor(1))
    numbers = graph.op("Range", scalar[0], size, scalar[1])
    first, last = (graph.op("Constant", value_t=torch.tensor([axis])) for axis in (0, 1))
    equal = graph.op("Equal", graph.op("Unsqueeze", numbers, last), graph.op("Unsqueeze", numbers, first))
    kind = symbolic_helper._get_const(dtype, "i", "dtype")
    return graph.op("Cast", equal, to_i=_ONNX_TYPES[kind])


@contextmanager
def _hushed() -> Iterator[None]:
    """Silence PyTorch's deprecation warnings and its messages about packages that are not needed here."""
    disabled = logging.root.manager.disable
    logging.disable(max(disabled, logging.WARNING))
    log = torch._C._jit_onnx_log
    torch._C._jit_onnx_log = lambda *_: None  # prints the whole model if it cannot be exported
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        torch._C._jit_onnx_log = log


def _first_line(error: Exception) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
