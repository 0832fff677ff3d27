"""A learner as an ONNX model, which runs without Python or PyTorch."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.errors import ConfigError, LearnerError
from gpicl.files import write_atomically
from gpicl.learners import Learner

_INPUTS = ("context", "labels", "queries")
# Episodes, examples and queries that the model is traced with, and the other ones that it is tried with.
_TRACED = (2, 7, 5)
_TRIED = ((1, 2, 1), (3, 30, 4))
# Largest difference of a probability between PyTorch and onnxruntime, both in float32.
_TOLERANCE = 1e-4


def export_onnx(learner: Learner, path: Path, num_classes: int | None = None) -> None:
    """Write a model that reads contexts and answers queries; try it before it is written.

    Inputs are `context` [B, N, F] float32, `labels` [B, N] int64 and `queries` [B, Q, F] float32; the output is
    `logits` [B, Q, C], for every query as if it alone were appended to its context. B, N and Q may be any numbers,
    and F too where the learner reads any.

    Args:
        learner: The learner, in float32.
        path: File to write.
        num_classes: Classes C, where the learner reads any number of them; None takes what it was meta-trained with.

    Raises:
        ConfigError: If the packages of `gpicl[onnx]` are not installed.
        LearnerError: If the learner cannot be exported with sizes that may change, or is bound to another number of
            classes.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  # torch.onnx needs it, and says so less clearly
    except ImportError as error:
        raise ConfigError(
            f'Cannot export to ONNX: {error}. Install what it needs: pip install "gpicl[onnx]".'
        ) from error
    features = learner.num_features
    model = _Asked(learner.with_size(features, learner.num_classes if num_classes is None else num_classes)).eval()
    any_number = torch.export.Dim.DYNAMIC
    rows = {0: any_number, 1: any_number}
    inputs = {**rows, 2: any_number} if learner.any_size else rows
    try:
        with torch.no_grad(), _hushed():
            traced = torch.export.export(
                model, model.example(*_TRACED, features), dynamic_shapes=(inputs, rows, inputs), strict=False
            )
            exported = cast(
                "torch.onnx.ONNXProgram",
                torch.onnx.export(
                    traced, input_names=list(_INPUTS), output_names=["logits"], dynamo=True, verbose=False
                ),
            )
    except RuntimeError as error:
        raise LearnerError(
            f"{type(learner).__name__} cannot be exported for any number of examples: it reads them one after the "
            f"other, or does what ONNX cannot ({_first_line(error)}). The Transformers can."
        ) from error
    session = onnxruntime.InferenceSession(exported.model_proto.SerializeToString())
    for sizes in _TRIED:
        _try(model, session, model.example(*sizes, features + 1 if learner.any_size else features))
    write_atomically(path, exported.save)


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
        """Inputs of some size, the same every time."""
        generator = torch.Generator().manual_seed(0)
        return (
            torch.randn(batch, examples, features, generator=generator),
            torch.randint(self.learner.num_classes, (batch, examples), generator=generator),
            torch.randn(batch, queries, features, generator=generator),
        )


def _try(model: _Asked, session: Any, example: tuple[Tensor, ...]) -> None:
    with torch.no_grad():
        expected = model(*example).softmax(2)
    (logits,) = session.run(None, {name: x.numpy() for name, x in zip(_INPUTS, example, strict=True)})
    difference = float((torch.from_numpy(logits).softmax(2) - expected).abs().max())
    if not difference < _TOLERANCE:
        raise LearnerError(
            f"The exported {type(model.learner).__name__} does not answer as it should: probabilities differ by "
            f"{difference:.2g} in an episode of {example[0].shape[1]} examples. Nothing was written. The Transformers "
            "of this package can be exported."
        )


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep PyTorch from talking of what it means to change in itself, and of packages that nothing here needs."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _first_line(error: Exception) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
