"""Prediction time of a learner."""

import statistics
import time
from collections.abc import Callable

import torch

from gpicl.learners import Learner
from gpicl.metatesting.classical import predict_classically

_REPEATS = 7


def prediction_milliseconds(learner: Learner | str, length: int = 100, num_features: int = 196) -> float:
    """Median time in milliseconds to predict the last label of one episode from the examples before it, warmed up.

    A meta-trained learner that is `ordered` predicts all earlier labels in the same pass. For a classical learner, the
    time includes fitting.

    Args:
        learner: The learner, on the CPU, which is left in evaluation mode; or the name of a classical one.
        length: Examples T of the episode, including the predicted one.
        num_features: Features for a classical learner; a meta-trained one has its own number.
    """
    generator = torch.Generator().manual_seed(0)
    features, classes = (num_features, 10) if isinstance(learner, str) else (learner.num_features, learner.num_classes)
    inputs = torch.randn(1, length, features, generator=generator)
    labels = torch.randint(classes, (1, length), generator=generator)
    if isinstance(learner, str):
        return _median(lambda: predict_classically(learner, inputs[0].numpy(), labels[0].numpy(), [length]))
    learner.eval()
    with torch.no_grad():
        return _median(lambda: learner.predict(inputs, labels, [length]))


def _median(work: Callable[[], object]) -> float:
    work()  # the first run includes one-time setup
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1e3 * statistics.median(seconds)
