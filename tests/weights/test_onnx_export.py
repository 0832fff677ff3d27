"""Exported models answer as the learner does."""

import sys

import numpy as np
import onnxruntime
import pytest
import torch

from gpicl.errors import ConfigError, LearnerError
from gpicl.learners import build_learner
from gpicl.weights.onnx_export import export_onnx

SMALL = {
    "KernelSetTransformer": {"layers": 1, "width": 8, "class_width": 4, "heads": 2},
    "LSTM": {"hidden": 4},
    "KernelTransformer": {"layers": 1, "width": 8, "class_width": 4, "heads": 2},
    "ValueTransformer": {"layers": 1, "width": 8, "heads": 1, "key_size": 4},
}


@pytest.mark.parametrize("name", ["ValueTransformer", "KernelTransformer", "KernelSetTransformer", "LSTM"])
def test_onnxruntime_gives_the_same_answers_at_any_size(name, tmp_path):
    torch.manual_seed(0)
    learner = build_learner(name, 5, 3, **SMALL[name])
    classes = 4 if learner.any_size else None
    export_onnx(learner, tmp_path / "model.onnx", classes)
    sized = learner.with_size(5, classes or 3)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    features = "features" if learner.any_size else 5
    assert {tensor.name: tensor.shape for tensor in [*session.get_inputs(), *session.get_outputs()]} == {
        "context": ["batch", "examples", features],
        "labels": ["batch", "examples"],
        "queries": ["batch", "queries", features],
        "logits": ["batch", "queries", sized.num_classes],
    }
    for batch, examples, queries, features in [(1, 1, 1, 5), (2, 40, 3, 9 if learner.any_size else 5)]:
        context, asked = torch.randn(batch, examples, features), torch.randn(batch, queries, features)
        labels = torch.randint(sized.num_classes, (batch, examples))
        feed = {"context": context.numpy(), "labels": labels.numpy(), "queries": asked.numpy()}
        (logits,) = session.run(["logits"], feed)
        with torch.no_grad():
            expected = sized.query(sized.encode_context(context, labels).memory, asked)
        np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)


@pytest.mark.slow
def test_a_learner_that_reads_few_examples_is_tried_with_no_more(tmp_path):
    learner = build_learner("TokenTransformer", 5, 3, layers=1, width=8, heads=1, max_length=20)
    export_onnx(learner, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").exists()


def test_a_learner_that_reads_example_by_example_is_refused(tmp_path, capfd):
    with pytest.raises(LearnerError, match=r"SGD cannot be exported .* Export a Transformer instead"):
        export_onnx(build_learner("SGD", 4, 3), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    said = capfd.readouterr()
    assert not said.out
    assert not said.err


def test_classes_that_the_learner_is_bound_to_cannot_be_changed(tmp_path):
    learner = build_learner("ValueTransformer", 5, 3, **SMALL["ValueTransformer"])
    with pytest.raises(LearnerError, match="built for 5 features and 3 classes"):
        export_onnx(learner, tmp_path / "model.onnx", 4)


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"gpicl\[onnx\]"):
        export_onnx(build_learner("SGD", 4, 3), tmp_path / "model.onnx")
