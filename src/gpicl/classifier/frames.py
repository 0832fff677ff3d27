"""Conversion of tables of any library, and of images, to a data frame or an array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from gpicl.classifier.tables import objects
from gpicl.errors import ClassifierError


def flatten_images(X: Any) -> tuple[Any, tuple[int, ...] | None]:
    """Flatten images `[N, H, W]` or `[N, H, W, C]` to rows of pixels; return everything else unchanged.

    Args:
        X: The user's input.

    Returns:
        The rows, and the shape of one image, or None if `X` is not images.

    Raises:
        ClassifierError: If images in a list have different shapes.
    """
    if isinstance(X, list | tuple) and len(X) and len(shape := tuple(getattr(X[0], "shape", ()))) in (2, 3):
        if any(tuple(getattr(image, "shape", ())) != shape for image in X):
            raise ClassifierError(
                f"X is a list of images of different shapes, such as {list(shape)}. Give all images the same size."
            )
        X = np.stack([np.asarray(_without_torch(image)) for image in X])
    shape = tuple(getattr(X, "shape", ()))
    if len(shape) not in (3, 4) or 0 in shape:
        return X, None
    X = _without_torch(X)
    X = _without_mask(X) if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
    return X.reshape(shape[0], -1), shape[1:]


def frame_or_array(X: Any) -> Any:
    """Convert the user's input to a data frame if it has column names or anything except numbers.

    Args:
        X: Data frame of pandas, polars or pyarrow; array, tensor or list of rows.

    Returns:
        A pandas data frame, an array of objects, or anything that scikit-learn can check for numbers.

    Raises:
        ClassifierError: If it is a single row or not a table, or its column names are ambiguous.
    """
    X = _without_torch(X)
    if isinstance(X, pd.Series):
        raise ClassifierError(
            "X is a Series, which is one row or one column, and must be a table. Give frame.iloc[[0]] rather than "
            "frame.iloc[0] for one row, and frame[['a']] rather than frame['a'] for one column. Reshape your data "
            "with .to_frame().T if you only have the row."
        )
    if X is None or (isinstance(X, dict | str | bytes) and not hasattr(X, "shape")):
        raise ClassifierError(
            f"X is of type {type(X).__name__} and must be a table. Give a data frame, such as pandas.DataFrame(X), an "
            "array [N, F] or a list of rows."
        )
    if isinstance(X, list | tuple) and len(X) and all(isinstance(row, pd.Series) for row in X):
        X = pd.DataFrame(list(X))  # rows of a frame
    X = _frame_of_others(X)
    if isinstance(X, pd.DataFrame):
        _check_names(X.columns)
        return X
    if isinstance(X, np.ndarray) and X.dtype.kind == "c":
        raise ClassifierError(
            f"X is {X.dtype}. Complex data not supported: give the real and imaginary parts as two columns."
        )
    if isinstance(X, np.ma.MaskedArray):
        return _without_mask(X)
    if isinstance(X, list | tuple):
        return _array_of_rows(X)
    if isinstance(X, np.ndarray) and X.dtype.names:
        return pd.DataFrame(X)
    return np.asarray(X) if hasattr(X, "__array__") and not hasattr(X, "shape") else X


def _without_mask(X: np.ma.MaskedArray) -> np.ndarray:
    filled = X.data.astype(np.float64 if X.dtype.kind in "biuf" else object)
    filled[np.ma.getmaskarray(X)] = np.nan
    return filled


def _without_torch(X: Any) -> Any:
    if not isinstance(X, torch.Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _frame_of_others(X: Any) -> Any:
    """Convert frames of other libraries to pandas; these libraries need not be installed."""
    if isinstance(X, pd.DataFrame):
        return X
    if type(X).__module__.startswith("polars"):  # its own to_pandas needs pyarrow
        if type(X).__name__ == "LazyFrame":
            raise ClassifierError("X is a LazyFrame, which holds no rows yet. Give X.collect().")
        if type(X).__name__ == "Series":
            raise ClassifierError("X is a Series, which is one column, and must be a table. Give X.to_frame().")
        columns = [pd.Series(_polars_values(X.to_series(i))) for i in range(X.width)]
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(X.height))
        return frame.set_axis(list(X.columns), axis=1)
    # Arrow tables, and everything else that can convert itself to pandas.
    return X.to_pandas() if hasattr(X, "to_pandas") else X


def _polars_values(series: Any) -> Any:
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        return series.to_numpy()
    declared = str(series.dtype).startswith(("Categorical", "Enum"))
    values = series.to_list()
    return pd.Categorical(values) if declared else objects(values)


def _array_of_rows(X: Sequence[Any]) -> Any:
    if len(X) and any(isinstance(row, dict) for row in X):
        raise ClassifierError("X is a list of dicts and must be a table. Give pandas.DataFrame(X).")
    try:
        array = np.asarray(X)
    except ValueError as error:
        lengths = sorted({len(row) if hasattr(row, "__len__") else 1 for row in X})
        raise ClassifierError(
            f"X is a list whose rows do not form a table: they have {' and '.join(map(str, lengths[:3]))} values. "
            "Every row needs the same number of values."
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "OUS":
        return X if array.ndim == 2 else array
    # Keep Python's values: numpy converts all of them to text if one is text.
    return array if isinstance(X[0], np.ndarray) else np.asarray(X, dtype=object)


def _check_names(columns: pd.Index) -> None:
    if isinstance(columns, pd.MultiIndex):
        raise ClassifierError(
            f"The column names of X have {columns.nlevels} levels, such as {columns[0]}. Give each column one name: "
            "X.columns = ['_'.join(map(str, name)) for name in X.columns]."
        )
    twice = columns[columns.duplicated()].unique().tolist()
    if twice:
        raise ClassifierError(
            f"X has more than one column named {', '.join(map(repr, twice))}. Rename the duplicates, or drop them: "
            "X.loc[:, ~X.columns.duplicated()]."
        )
    texts = [isinstance(name, str) for name in columns]
    if any(texts) and not all(texts):
        others = [name for name, text in zip(columns, texts, strict=True) if not text]
        raise ClassifierError(
            f"Some column names of X are text, and others, such as {others[0]!r}, are not. "
            "Convert all of them to text: X.columns = X.columns.astype(str)."
        )
