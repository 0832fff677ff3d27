"""Checks that a learner keeps the interface, run before it is meta-trained."""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from gpicl.errors import LearnerError
from gpicl.learners.base import Learner
from gpicl.learners.generators import generator_states, generators_of, restore_generators

_EPISODES = 2
# Share of the largest logit. Another order of summation changes less; a label that is read changes more.
_TOLERANCE = 1e-3
# Noise that is added to the initial weights: an output layer that starts at zero would hide the rest of the learner.
_NOISE = 0.1


def check_learner(learner: Learner, length: int) -> None:
    """Run a learner on random episodes and check the shape of its logits and that they depend only on the past.

    Args:
        learner: The learner; not changed.
        length: Examples T of an episode.

    Raises:
        LearnerError: If it fails, returns logits of the wrong shape or type, uses the label that it should predict,
            later examples, or other episodes, or has a state that checkpoints do not hold.
    """
    name = type(learner).__name__
    with _random_states_kept(), torch.no_grad():
        torch.manual_seed(0)
        inputs = torch.randn(_EPISODES, length, learner.num_features)
        labels = torch.randint(learner.num_classes, (_EPISODES, length))
        tried = copy.deepcopy(learner).eval()
        _check_shapes(tried, inputs, labels, name)
        for parameter in tried.parameters():
            parameter.add_(_NOISE * torch.randn_like(parameter))
        _check_causal(tried, inputs, labels, name, _predict)
        if type(tried).predict is not Learner.predict:
            _check_causal(tried, inputs, labels, name, _forward)
        _check_queries(tried, inputs, labels, name)
        _check_state(copy.deepcopy(learner).train(), inputs, labels, name)


def _check_shapes(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> None:
    batch, length = labels.shape
    positions = range(1, length + 1)
    with _explained(name):
        _check_logits(learner(inputs, labels), (batch, length, learner.num_classes), f"{name}.forward")
        predicted = learner.predict(inputs, labels, positions)
        _check_logits(predicted, (batch, length, learner.num_classes), f"{name}.predict")
        sample, asked = learner.training_logits(inputs, labels, 0)
    if sample.shape != (*asked.shape, learner.num_classes):
        raise LearnerError(
            f"{name}.training_logits must return logits [B, Q, C] and their labels [B, Q], not {_shape(sample)} and "
            f"{_shape(asked)}."
        )


def _check_logits(found: object, expected: tuple[int, ...], method: str) -> None:
    if not isinstance(found, Tensor) or found.shape != expected or not found.is_floating_point():
        raise LearnerError(f"{method} must return logits of shape {list(expected)}, not {_shape(found)}.")


def _check_causal(
    learner: Learner,
    inputs: Tensor,
    labels: Tensor,
    name: str,
    predict: Callable[[Learner, Tensor, Tensor, str], Tensor],
) -> None:
    length = labels.shape[1]
    other_inputs = inputs + 1.0 + torch.rand_like(inputs)
    other_labels = (labels + torch.randint(1, learner.num_classes, labels.shape)) % learner.num_classes
    before = predict(learner, inputs, labels, name)
    scale = _scale_of(before)
    for position in sorted({0, length // 4, length // 2, 3 * length // 4, length - 1}):
        for what in ("the label that it should predict, or a later one", "inputs of later examples"):
            changed_inputs, changed_labels = inputs.clone(), labels.clone()
            if what.startswith("inputs"):
                changed_inputs[:, position + 1 :] = other_inputs[:, position + 1 :]
            else:
                changed_labels[:, position:] = other_labels[:, position:]
            after = predict(learner, changed_inputs, changed_labels, name)
            if _differ(before[:, : position + 1], after[:, : position + 1], scale):
                raise LearnerError(
                    f"{name} is not causal: its logits at position {position + 1} depend on {what}, which a learner "
                    "must not see. Shift the labels by one position, and mask later positions."
                )
    changed_inputs, changed_labels = inputs.clone(), labels.clone()
    changed_inputs[1:], changed_labels[1:] = other_inputs[1:], other_labels[1:]
    if _differ(before[:1], predict(learner, changed_inputs, changed_labels, name)[:1], scale):
        raise LearnerError(
            f"{name} mixes episodes: the logits of one depend on the other episodes of its batch. Each episode is a "
            "separate task: keep the batch dimension separate."
        )


def _check_queries(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> None:
    """Check that a context that is read once gives the answers of `forward`, for each query alone."""
    methods = [method for method in ("encode_context", "encode_memory", "query") if _overrides(learner, method)]
    if not methods:
        return
    length = labels.shape[1]
    queries = torch.stack([inputs[:, -1], inputs[:, 0] + 1.0], 1)
    expected = torch.cat(
        [
            _forward(learner, torch.cat([inputs[:, :-1], query[:, None]], 1), labels, name)[:, -1:]
            for query in queries.unbind(1)
        ],
        1,
    )
    answers = _called(
        learner, name, lambda tried: tried.query(tried.encode_memory(inputs[:, :-1], labels[:, :-1]), queries)
    )
    _check_logits(answers, tuple(expected.shape), f"{name}.query")
    if _differ(expected, answers, _scale_of(expected)):
        raise LearnerError(
            f"{name} answers queries otherwise than forward does: after a context of {length - 1} examples, "
            f"{' and '.join(methods)} must give the logits of forward at the last position, for each query as if it "
            "were the only one."
        )


def _overrides(learner: Learner, method: str) -> bool:
    return getattr(type(learner), method) is not getattr(Learner, method)


def _scale_of(logits: Tensor) -> float:
    return float(logits.abs().nan_to_num(0.0, 0.0, 0.0).max()) + 1e-6


def _check_state(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> None:
    """Check that no training step depends on what an earlier one left outside of checkpoints.

    A resumed run would go on differently. What is left but changes no logits, such as a mask that is kept, may stay.
    """
    used = copy.deepcopy(learner)
    first = _training_logits(used, inputs, labels, name)
    before = generators_of(learner)
    for place in generators_of(used):
        if place not in before:
            raise LearnerError(
                f"{name} makes the random generator {place} in training, whose state a resumed run could not restore. "
                "Make it in the constructor."
            )
    restore_generators(used, generator_states(learner))
    used.load_state_dict(learner.state_dict())
    again = _training_logits(used, inputs, labels, name)
    if not torch.equal(first.nan_to_num(), again.nan_to_num()):
        raise LearnerError(
            f"{name} gives other training logits when it is called again with the same weights, buffers, inputs and "
            "random numbers. It keeps something from one call to the next that checkpoints do not hold, so a resumed "
            "run would go on differently. Make it a buffer (register_buffer), or a random generator that is an "
            "attribute of the module."
        )


def _training_logits(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> Tensor:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    with _explained(name):
        return learner.training_logits(inputs, labels, 0)[0]


def _predict(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> Tensor:
    return _called(learner, name, lambda tried: tried.predict(inputs, labels, range(1, labels.shape[1] + 1)))


def _forward(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> Tensor:
    return _called(learner, name, lambda tried: tried(inputs, labels))


def _called(learner: Learner, name: str, call: Callable[[Learner], Tensor]) -> Tensor:
    """Call a copy of a learner; if it uses random numbers, it gets the same ones every time."""
    torch.manual_seed(0)
    with _explained(name):
        return call(copy.deepcopy(learner)).float()


def _differ(before: Tensor, after: Tensor, scale: float) -> bool:
    return not torch.allclose(before, after, rtol=0.0, atol=_TOLERANCE * scale, equal_nan=True)


@contextmanager
def _random_states_kept() -> Iterator[None]:
    numbers, plain = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(numbers)
        random.setstate(plain)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except LearnerError:
        raise
    except Exception as error:  # other people's code may raise anything
        reason = str(error).strip().partition("\n")[0]
        raise LearnerError(
            f"{name} fails on an episode: {type(error).__name__}: {reason}. It is called with inputs [B, T, F] and "
            "labels [B, T] (int64)."
        ) from error


def _shape(found: object) -> str:
    return f"{list(found.shape)} of {found.dtype}" if isinstance(found, Tensor) else type(found).__name__
