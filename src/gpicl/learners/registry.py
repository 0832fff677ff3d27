"""Learners by name, or by import path for learners outside this package."""

import inspect
from importlib import import_module
from numbers import Real
from typing import Any

from gpicl.errors import LearnerError, UnknownNameError
from gpicl.learners.base import Learner

LEARNERS = {
    "FastWeightMemory": "gpicl.learners.fast_weight_memory",
    "KernelSetTransformer": "gpicl.learners.kernel_set_transformer",
    "KernelTransformer": "gpicl.learners.kernel_transformer",
    "LSTM": "gpicl.learners.lstm",
    "MAML": "gpicl.learners.maml",
    "MLP": "gpicl.learners.mlp",
    "OuterProductLSTM": "gpicl.learners.outer_product_lstm",
    "SGD": "gpicl.learners.sgd",
    "TokenTransformer": "gpicl.learners.token_transformer",
    "VSML": "gpicl.learners.vsml",
    "VSMLWithoutSymmetries": "gpicl.learners.vsml_without_symmetries",
    "ValueTransformer": "gpicl.learners.value_transformer",
}
"""Name and module of each learner of this package."""


def learner_class(name: str) -> type[Learner]:
    """Find a learner's class.

    Args:
        name: A name of `LEARNERS`, or an import path such as `my_package.MyLearner`.

    Raises:
        UnknownNameError: If the name is unknown.
        LearnerError: If the import path cannot be imported or is not a learner.
    """
    if name in LEARNERS:
        return getattr(import_module(LEARNERS[name]), name)
    module, _, attribute = name.rpartition(".")
    if not module:
        raise UnknownNameError("learner", name, LEARNERS, "Name your own learner by its path: my_package.MyLearner.")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # the user's module may raise anything
        reason = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise LearnerError(
            f"Cannot import the learner {name!r}: {reason}. Give the path as package.module.Class and make sure that "
            "Python finds the package (install it, or set PYTHONPATH)."
        ) from error
    if not (inspect.isclass(found) and issubclass(found, Learner)):
        raise LearnerError(f"{name} is not a learner: it must be a subclass of gpicl.learners.Learner.")
    return found


def build_learner(name: str, num_features: int, num_classes: int, **options: Any) -> Learner:
    """Build a learner from its name and options.

    Args:
        name: See `learner_class`.
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        options: Other arguments of the constructor.

    Raises:
        UnknownNameError: If the learner or one of the options is unknown.
        LearnerError: If the value of an option is invalid.
    """
    cls = learner_class(name)
    parameters = inspect.signature(cls).parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    accepted = [n for n in parameters if n not in ("num_features", "num_classes")]
    for option in options:
        if option not in accepted and not takes_any:
            raise UnknownNameError(f"option of {cls.__name__}:", option, accepted)
        wanted = parameters[option].annotation if option in parameters else None
        given = options[option]
        if wanted in (int, float) and (isinstance(given, bool) or not isinstance(given, Real)):
            kind = "a whole number" if wanted is int else "a number"
            raise LearnerError(f"{option} of {cls.__name__} must be {kind}, not {given!r}.")
    try:
        return cls(num_features, num_classes, **options)
    except TypeError as error:
        raise LearnerError(f"{cls.__name__} cannot be built with {options}: {error}.") from error
