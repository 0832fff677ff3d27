"""The groups of figures, by name."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress
from gpicl.errors import UnknownNameError

Group = Callable[[Setting, Progress], Measured]

GROUPS = {
    "tasks": "Making tasks.",
    "steps": "A training step of every learner.",
    "quickstart": "A step of the quickstart, and what making its tasks takes of it.",
    "metatest": "Meta-testing.",
    "classifier": "The classifier's latencies, beside a support-vector machine's.",
    "gpt2": "The token Transformer beside GPT-2 of Hugging Face's transformers, where that is installed.",
    "startup": "How long commands take to start.",
    "memory": "Peak memory of a training step of every learner.",
    "scaling": "Time and memory as batches and episodes grow.",
}
"""Groups of figures by name, and what each is about."""
# Takes about as long as all others together, so it is measured only if it is named.
ONLY_BY_NAME = ("scaling",)
# Imported only when they are measured, as some need packages that take long to import.
_MODULES = {
    **dict.fromkeys(("tasks", "metatest", "quickstart"), "tasks"),
    **dict.fromkeys(("steps", "memory", "scaling"), "learners"),
    **dict.fromkeys(("classifier", "gpt2"), "others"),
    "startup": "startup",
}


def chosen_groups(only: str | None) -> list[str]:
    """Give the groups that a user names, in their own order.

    Args:
        only: Names with commas between them; None for all but those that have to be named.

    Raises:
        UnknownNameError: If there is no group of that name.
    """
    if only is None:
        return [name for name in GROUPS if name not in ONLY_BY_NAME]
    names = [name.strip() for name in only.split(",")]
    for name in names:
        if name not in GROUPS:
            raise UnknownNameError("group of figures", name, GROUPS)
    return [name for name in GROUPS if name in names]


def find_group(name: str) -> Group:
    """Find what measures a group.

    Args:
        name: One of `GROUPS`.
    """
    return cast(Group, getattr(import_module(f"gpicl.bench.groups.{_MODULES[name]}"), f"measure_{name}"))
