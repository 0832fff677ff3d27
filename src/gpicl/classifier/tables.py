"""What people have, tables and images, as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64
from pandas.api import types
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_array

from gpicl.errors import ClassifierError

# Categories of one column beyond these are one category: each would be seen too seldom to tell anything.
_MOST_CATEGORIES = 32


def flatten_images(X: Any) -> tuple[Any, tuple[int, ...] | None]:
    """Turn images `[N, H, W]` or `[N, H, W, C]` into rows of pixels; leave everything else as it is.

    Args:
        X: Whatever the user gave.

    Returns:
        The rows, and the shape of one image, or None if these are no images.
    """
    shape = tuple(getattr(X, "shape", ()))
    if len(shape) not in (3, 4) or 0 in shape:
        return X, None
    return np.asarray(X).reshape(shape[0], -1), shape[1:]


def has_categories(X: Any) -> bool:
    """Whether this is a data frame with columns that are no numbers.

    Args:
        X: Whatever the user gave.
    """
    return isinstance(X, pd.DataFrame) and not all(_is_number(X[name]) for name in X.columns)


def join_rows(first: Any, second: Any) -> Any:
    """Put the second examples behind the first.

    Args:
        first: Data frame or array.
        second: The same kind, with the same columns.
    """
    return pd.concat([first, second]) if isinstance(first, pd.DataFrame) else np.concatenate([first, second])


class TableEncoder:
    """Numbers from a data frame: categories become a column each, numbers stay.

    A missing category is a category, and one that was never seen is none of those that were.

    Args:
        context: The data frame of the context; or an array of numbers, which there is nothing to encode in.

    Attributes:
        has_categories: Whether there is.

    Raises:
        ClassifierError: If a column is neither numbers nor categories.
    """

    def __init__(self, context: Any) -> None:
        self.has_categories = isinstance(context, pd.DataFrame)
        if not self.has_categories:
            return
        self._numbers = [name for name in context.columns if _is_number(context[name])]
        self._categories = [name for name in context.columns if name not in self._numbers]
        for name in self._categories:
            _check_categories(context[name])
        one_hot = OneHotEncoder(
            sparse_output=False, handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES
        )
        self._encoder = ColumnTransformer(
            [("numbers", "passthrough", self._numbers), ("categories", one_hot, self._categories)]
        )
        self._encoder.fit(self._uniform(context))

    def __call__(self, rows: Any) -> Float64[np.ndarray, "N F"]:
        """Encode the context, or queries.

        Args:
            rows: The same kind with the same columns.

        Raises:
            ClassifierError: If a column that was numbers holds something else.
        """
        if not self.has_categories:
            return rows
        encoded = self._encoder.transform(self._uniform(rows))
        return check_array(encoded, dtype=np.float64, ensure_all_finite="allow-nan")

    def _uniform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Bring every kind of number to float64, and every kind of category to an object, missing ones to None."""
        columns = {}
        for name in frame.columns:
            if name in self._categories:
                names = frame[name].astype(object)
                columns[name] = names.where(names.notna(), None)
                continue
            try:
                columns[name] = pd.to_numeric(frame[name]).astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ClassifierError(
                    f"Column {name!r} held numbers when the classifier was fitted and now holds something else: "
                    f"{error}. Give numbers, or fit again with a column of categories."
                ) from error
        return pd.DataFrame(columns, index=frame.index)


def _is_number(column: pd.Series) -> bool:
    if types.is_object_dtype(column.dtype):
        return types.infer_dtype(column, skipna=True) in ("integer", "floating", "mixed-integer-float", "boolean")
    return types.is_bool_dtype(column.dtype) or (
        types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype)
    )


def _check_categories(column: pd.Series) -> None:
    dtype = column.dtype
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return
    raise ClassifierError(
        f"Column {column.name!r} is {dtype}, which is neither numbers nor categories. Turn it into numbers, such as "
        "days since a date, or into strings, or leave it out."
    )
