"""Learners by name, or by import path for learners outside this package."""

import inspect
from importlib import import_module
from numbers import Integral, Real
from types import NoneType
from typing import Any, get_args

from gpicl.errors import LearnerError, UnknownNameError
from gpicl.learners.base import Learner
from gpicl.runtime import is_out_of_memory

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
        if option in parameters:
            _check_kind(options[option], parameters[option].annotation, f"{option} of {cls.__name__}")
    try:
        return cls(num_features, num_classes, **options)
    except (TypeError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise LearnerError(f"{cls.__name__} cannot be built with {options}: {error}.") from error


# What an option of a plain type accepts, and how it is called in messages.
_KINDS: dict[Any, tuple[Any, str]] = {
    bool: (bool, "true or false"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "text"),
    NoneType: (NoneType, "null"),
}


def _check_kind(given: object, annotation: Any, what: str) -> None:
    """Check the value of an option whose annotation is a plain type, or several with `|`; others are not checked."""
    wanted = get_args(annotation) or (annotation,)
    if not all(kind in _KINDS for kind in wanted):
        return
    accepted = [kind for kind in wanted if isinstance(given, _KINDS[kind][0])]
    if isinstance(given, bool):  # for Python a whole number
        accepted = [bool] if bool in wanted else []
    if not accepted or given != given:
        raise LearnerError(f"{what} must be {' or '.join(_KINDS[kind][1] for kind in wanted)}, not {given!r}.")
