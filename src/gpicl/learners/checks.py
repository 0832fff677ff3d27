"""Checks that a learner keeps the interface, run before it is meta-trained."""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from gpicl.errors import LearnerError
from gpicl.learners.base import Learner

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
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        inputs = torch.randn(_EPISODES, length, learner.num_features)
        labels = torch.randint(learner.num_classes, (_EPISODES, length))
        tried = copy.deepcopy(learner).eval()
        _check_shapes(tried, inputs, labels, name)
        for parameter in tried.parameters():
            parameter.add_(_NOISE * torch.randn_like(parameter))
        _check_causal(tried, inputs, labels, name)
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


def _check_causal(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> None:
    length = labels.shape[1]
    other_inputs = inputs + 1.0 + torch.rand_like(inputs)
    other_labels = (labels + torch.randint(1, learner.num_classes, labels.shape)) % learner.num_classes
    before = _predict(learner, inputs, labels, name)
    scale = float(before.abs().nan_to_num(0.0, 0.0, 0.0).max()) + 1e-6
    for position in sorted({0, length // 4, length // 2, 3 * length // 4, length - 1}):
        for what in ("the label that it should predict, or a later one", "inputs of later examples"):
            changed_inputs, changed_labels = inputs.clone(), labels.clone()
            if what.startswith("inputs"):
                changed_inputs[:, position + 1 :] = other_inputs[:, position + 1 :]
            else:
                changed_labels[:, position:] = other_labels[:, position:]
            after = _predict(learner, changed_inputs, changed_labels, name)
            if _differ(before[:, : position + 1], after[:, : position + 1], scale):
                raise LearnerError(
                    f"{name} is not causal: its logits at position {position + 1} depend on {what}, which a learner "
                    "must not see. Shift the labels by one position, and mask later positions."
                )
    changed_inputs, changed_labels = inputs.clone(), labels.clone()
    changed_inputs[1:], changed_labels[1:] = other_inputs[1:], other_labels[1:]
    if _differ(before[:1], _predict(learner, changed_inputs, changed_labels, name)[:1], scale):
        raise LearnerError(
            f"{name} mixes episodes: the logits of one depend on the other episodes of its batch. Each episode is a "
            "separate task: keep the batch dimension separate."
        )


def _check_state(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> None:
    """Check that training has no state that a checkpoint does not hold; a resumed run would go on differently."""
    states = [_hidden_state(learner)]
    for _ in range(2):
        with _explained(name):
            learner.training_logits(inputs, labels, 0)
        states.append(_hidden_state(learner))
    before, once, twice = states
    for key, value in twice.items():
        if isinstance(value, _GENERATORS) and (key not in before or "[" in key):
            raise LearnerError(
                f"{name} has the random generator {key}, whose state checkpoints do not hold. Make it in the "
                "constructor, as an attribute of the module itself."
            )
        # What only the first call changes, such as the length of a mask that is kept, is no state.
        if not isinstance(value, _GENERATORS) and key in once and not _same(once[key], value):
            raise LearnerError(
                f"{name} changes {key} in training, which checkpoints do not hold. Make it a buffer (register_buffer), "
                "or do without it."
            )


_GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def _hidden_state(learner: Learner) -> dict[str, object]:
    """Numbers, buffers and generators outside the state_dict, by name."""
    found: dict[str, object] = {}
    internal = set(vars(torch.nn.Module()))
    for prefix, module in learner.named_modules():
        place = f"{prefix}." if prefix else ""
        for name, value in vars(module).items():
            if name not in internal:
                found.update(_numbers(f"{place}{name}", value))
        for name in module._non_persistent_buffers_set:
            buffer = module.get_buffer(name) if getattr(module, name) is not None else None
            if buffer is not None:
                found[f"{place}{name}"] = buffer.detach().clone()
    return found


def _numbers(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, (int, float, np.generic, *_GENERATORS)):
        yield name, value
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _numbers(f"{name}[{i}]", inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(f"{name}[{key!r}]", inner)


def _same(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape != other.shape or torch.equal(one.nan_to_num(), other.nan_to_num())
    return bool(one == other or (one != one and other != other))


def _predict(learner: Learner, inputs: Tensor, labels: Tensor, name: str) -> Tensor:
    torch.manual_seed(0)  # a learner that uses random numbers gets the same ones every time
    with _explained(name):
        return copy.deepcopy(learner).predict(inputs, labels, range(1, labels.shape[1] + 1)).float()


def _differ(before: Tensor, after: Tensor, scale: float) -> bool:
    return not torch.allclose(before, after, rtol=0.0, atol=_TOLERANCE * scale, equal_nan=True)


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
