"""Widenings make meta-training tasks more varied than those of one data set. Unseen tasks are never widened."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gpicl.errors import TaskError, UnknownNameError
from gpicl.tasks.interventions import check_probability
from gpicl.tasks.widenings.widening import Batch, Setting, Widening, apply

WIDENINGS = {
    "merging": "Merging",
    "spectrum": "Spectrum",
    "invention": "Invention",
    "table": "Table",
    "distraction": "Distraction",
    "bending": "Bending",
    "noise": "Noise",
    "label_noise": "LabelNoise",
}
"""The built-in widenings by name, with the class in the module of that name, in the order of application."""

__all__ = ["WIDENINGS", "Batch", "Setting", "Widening", "apply", "build_widenings"]


def build_widenings(widen: Mapping[str, Any], setting: Setting) -> list[Widening]:
    """Build the widenings of a configuration, in the order of application: your own come just before label noise.

    Args:
        widen: Probability by name or import path; or a mapping with `probability` and the options of its class.
        setting: Data and sizes of the tasks.

    Raises:
        UnknownNameError: If a widening or one of its options does not exist.
        TaskError: If a probability is invalid, or the widening does not fit the tasks.
    """
    order = [*(name for name in WIDENINGS if name != "label_noise"), *widen, "label_noise"]
    built = []
    for name in sorted(widen, key=order.index):
        options = dict(widen[name]) if isinstance(widen[name], Mapping) else {"probability": widen[name]}
        probability = options.pop("probability", None)
        if isinstance(probability, bool) or not isinstance(probability, (int, float)):
            raise TaskError(
                f"tasks.widen.{name} must be a probability, or have one with its options, as in "
                f"{{{name}: {{probability: 0.3}}}}; it is {widen[name]!r}."
            )
        check_probability(f"tasks.widen.{name}", float(probability))
        cls = _widening_class(name)
        if probability == 0:
            continue
        if cls.needs_data and setting.dataset is None:
            raise TaskError(
                f"tasks.widen.{name} changes the examples of a data set, but data.dataset is null. Give a data set, or "
                "leave it out."
            )
        accepted = [n for n in inspect.signature(cls).parameters if n not in ("probability", "setting")]
        for option in options:
            if option not in accepted:
                raise UnknownNameError(f"option of {name}:", option, accepted)
        built.append(cls(float(probability), setting, **options))
    return built


def _widening_class(name: str) -> type[Widening]:
    if name in WIDENINGS:
        found = getattr(import_module(f"{__name__}.{name}"), WIDENINGS[name])
    else:
        module, _, attribute = name.rpartition(".")
        if not module:
            raise UnknownNameError("widening", name, WIDENINGS, "Name your own by its import path, my_package.Mine.")
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise TaskError(
                f"Cannot import the widening {name!r}: {error}. Give the path package.module.Class."
            ) from error
    if not (inspect.isclass(found) and issubclass(found, Widening)):
        raise TaskError(f"{name} is not a widening: it must be a class derived from gpicl.tasks.widenings.Widening.")
    return found
