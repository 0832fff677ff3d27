"""Checks of the `X` of `fit` and `predict`: column names, number of columns, and values."""

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
    """Check names and values as scikit-learn does, with additional checks and clearer messages.

    Args:
        estimator: Estimator whose `n_features_in_` and `feature_names_in_` are set or checked.
        X: Rows of features in any form; see `frame_or_array`.
        reset: Whether this is `fit` rather than more rows for a fitted estimator.
        as_table: Whether to return a table even if there are only numbers.

    Returns:
        A float64 array `[N, F]`, or a `Table` if there is anything except numbers.

    Raises:
        ClassifierError: If it is not a table, its columns are not those of `fit`, or it has infinite values.
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
        raise ClassifierError(f"{error}\nGive the columns of fit in the same order: X[{names}].") from error
    check_finite(rows, list(map(repr, X.columns)) if isinstance(X, pd.DataFrame) else None)
    return rows


def numbers_as_names(X: Any) -> list[Any] | None:
    """Return the column names if they are not text; scikit-learn does not check those.

    Args:
        X: The user's input.
    """
    if not isinstance(X, pd.DataFrame) or all(isinstance(name, str) for name in X.columns):
        return None
    return X.columns.tolist()


def check_order(names: list[Any] | None, fitted: list[Any] | None) -> None:
    """Raise an error if the columns are those of `fit` in another order.

    WHY only another order: entirely different numbers occur in frames that were created without column names.

    Args:
        names: See `numbers_as_names`.
        fitted: The names of `fit`.

    Raises:
        ClassifierError: If they are the same names in another order.
    """
    if names and fitted and names != fitted and sorted(names, key=repr) == sorted(fitted, key=repr):
        raise ClassifierError(
            f"X has the columns {names}, and fit was given them in the order {fitted}. Use that order: X[{fitted}]."
        )
