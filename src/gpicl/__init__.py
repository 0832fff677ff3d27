"""Meta-learn general-purpose in-context learners, and use them.

WHY the names below are looked up when they are first used: importing torch takes seconds, and `gpicl --help` or a
tool that only looks at the package should not wait for it.
"""

from importlib import import_module
from typing import Any

_ROOMS = {
    "FeatureDataset": "gpicl.data",
    "ImageDataset": "gpicl.data",
    "load_dataset": "gpicl.data",
    "preprocess": "gpicl.data",
    "Episodes": "gpicl.tasks",
    "TaskAugmentor": "gpicl.tasks",
    "Learner": "gpicl.learners",
    "build_learner": "gpicl.learners",
    "load_weights": "gpicl.weights",
    "save_weights": "gpicl.weights",
    "RunConfig": "gpicl.metatraining",
    "meta_train": "gpicl.metatraining",
    "evaluate": "gpicl.metatesting",
    "InContextClassifier": "gpicl.classifier",
}

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'gpicl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_ROOMS]
