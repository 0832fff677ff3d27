"""Classifiers of the benchmark. None is tuned; all except `InContextClassifier` are from scikit-learn."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from gpicl import InContextClassifier

METHODS: dict[str, Callable[[], Any]] = {
    "InContextClassifier": InContextClassifier,
    "ExtraTrees": lambda: _after_encoding(ExtraTreesClassifier(300, min_samples_leaf=2, random_state=0)),
    "random forest": lambda: _after_encoding(RandomForestClassifier(300, random_state=0)),
    "HistGradientBoosting": lambda: _after_encoding(HistGradientBoostingClassifier(random_state=0)),
    "logistic regression": lambda: _after_encoding(StandardScaler(), LogisticRegression(max_iter=1000)),
}
# Ways to handle more than 1,000 rows; smaller tables need no choice.
LARGE_CONTEXTS: dict[str, Callable[[], Any]] = {
    f"nearest {rows}": partial(InContextClassifier, large_context="nearest", max_context=rows) for rows in (100, 300)
}


def make_method(name: str) -> Any:
    """Make a classifier by its name here, or by its import path, such as `my_package.MyClassifier`.

    Raises:
        SystemExit: If there is no such classifier.
    """
    known = METHODS | LARGE_CONTEXTS
    if name in known:
        return known[name]()
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError) as error:
        raise SystemExit(
            f"There is no method {name!r} ({error}). Choose from {', '.join(known)}, or give the import path of a "
            "classifier that takes no arguments."
        ) from error


def _after_encoding(*steps: Any) -> Any:
    """Replace gaps by medians with an indicator, and encode categories one-hot, as most methods take only numbers."""
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_exclude="number")),
        remainder=SimpleImputer(strategy="median", add_indicator=True),
    )
    return make_pipeline(columns, *steps)
