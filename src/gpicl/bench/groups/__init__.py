"""The groups of figures, each in a file of its own."""

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
# Takes about as long as all others together, so it has to be asked for.
ASKED_FOR = ("scaling",)


def chosen_groups(only: str | None) -> list[str]:
    """Give the groups that are asked for, in their own order.

    Args:
        only: Names with commas between them; None for all but those that have to be asked for.

    Raises:
        UnknownNameError: If there is no group of that name.
    """
    if only is None:
        return [name for name in GROUPS if name not in ASKED_FOR]
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
    return cast(Group, import_module(f"gpicl.bench.groups.{name}").measure)
