"""Meta-learn general-purpose in-context learners, and use them.

WHY names are imported on first use: importing torch takes seconds, and `gpicl --help` or a tool that only inspects the
package should not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpicl.classifier import InContextClassifier
    from gpicl.data import FeatureDataset, ImageDataset, load_dataset, load_features, preprocess
    from gpicl.errors import GpiclError
    from gpicl.experiments.sweep import SweptRun, accuracies_at, costs_table, open_engine, results_table, sweep
    from gpicl.learners import Learner, build_learner
    from gpicl.metatesting import evaluate, evaluate_classical
    from gpicl.metatraining import RunConfig, meta_train
    from gpicl.tasks import Episodes, Interventions, TaskAugmentor
    from gpicl.weights import load_weights, save_weights

__all__ = [
    "Episodes",
    "FeatureDataset",
    "GpiclError",
    "ImageDataset",
    "InContextClassifier",
    "Interventions",
    "Learner",
    "RunConfig",
    "SweptRun",
    "TaskAugmentor",
    "accuracies_at",
    "build_learner",
    "costs_table",
    "evaluate",
    "evaluate_classical",
    "load_dataset",
    "load_features",
    "load_weights",
    "meta_train",
    "open_engine",
    "preprocess",
    "results_table",
    "save_weights",
    "sweep",
]

_NAMES = {
    "gpicl.classifier": ("InContextClassifier",),
    "gpicl.data": ("FeatureDataset", "ImageDataset", "load_dataset", "load_features", "preprocess"),
    "gpicl.errors": ("GpiclError",),
    "gpicl.experiments.sweep": (
        "SweptRun",
        "accuracies_at",
        "costs_table",
        "open_engine",
        "results_table",
        "sweep",
    ),
    "gpicl.learners": ("Learner", "build_learner"),
    "gpicl.metatesting": ("evaluate", "evaluate_classical"),
    "gpicl.metatraining": ("RunConfig", "meta_train"),
    "gpicl.tasks": ("Episodes", "Interventions", "TaskAugmentor"),
    "gpicl.weights": ("load_weights", "save_weights"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'gpicl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_MODULE_OF]
