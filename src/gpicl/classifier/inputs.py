"""What `fit` and `predict` were given as `X`, checked: names, numbers of columns, and values."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from gpicl.classifier.frames import frame_or_array
from gpicl.classifier.tables import check_finite, only_numbers, read_table
from gpicl.errors import ClassifierError


def check_rows(estimator: BaseEstimator, X: Any, reset: bool, as_table: bool) -> Any:
    """Check names and values as scikit-learn does, and what it does not check.

    Args:
        estimator: Gets `n_features_in_` and `feature_names_in_`, or has them.
        X: Rows of features in any form; see `frame_or_array`.
        reset: Whether this is `fit`, rather than more rows for a fitted estimator.
        as_table: Whether a table is wanted also where there are only numbers.

    Returns:
        A `Table` where there is anything but numbers, else float64 `[N, F]`.

    Raises:
        ClassifierError: If it is no table, its columns are not those of `fit`, or it holds infinity.
        TypeError: If it is sparse.
    """
    X = frame_or_array(X)
    shape = X.shape if hasattr(X, "shape") else np.shape(X)
    if len(shape) != 2 or not shape[0]:
        raise ClassifierError(
            f"X has the shape {list(shape)}; it must be a table [rows, features] with at least one row, or images. "
            "Reshape your data: one row is [row] or X.reshape(1, -1), one feature X.reshape(-1, 1)."
        )
    try:
        if only_numbers(X) and not as_table:
            rows = validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite=False)
        else:
            X = X if isinstance(X, pd.DataFrame) else check_array(X, dtype=None, ensure_all_finite=False)
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            table = read_table(X)
            rows = table if as_table else table.numbers_or_self()
    except ValueError as error:
        if "feature names" not in str(error):
            raise
        names = estimator.feature_names_in_.tolist()
        raise ClassifierError(f"{error}\nGive the columns of fit in their order: X[{names}].") from error
    check_finite(rows, list(map(repr, X.columns)) if isinstance(X, pd.DataFrame) else None)
    return rows


def numbers_as_names(X: Any) -> list[Any] | None:
    """Return the names of columns where they are no text, which scikit-learn does not look at.

    Args:
        X: What the user gave.
    """
    if not isinstance(X, pd.DataFrame) or all(isinstance(name, str) for name in X.columns):
        return None
    return X.columns.tolist()


def check_order(names: list[Any] | None, fitted: list[Any] | None) -> None:
    """Refuse columns in another order than that of `fit`.

    WHY only another order: columns of other numbers altogether are rows of a frame that was made without names.

    Args:
        names: See `numbers_as_names`.
        fitted: The same, of `fit`.

    Raises:
        ClassifierError: If they are the same in another order.
    """
    if names and fitted and names != fitted and sorted(names, key=repr) == sorted(fitted, key=repr):
        raise ClassifierError(
            f"X has the columns {names}, and fit was given them in the order {fitted}. Give them in that order: "
            f"X[{fitted}]."
        )
