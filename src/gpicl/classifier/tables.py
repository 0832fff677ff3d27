"""What people have, tables and images, as one of two things: an array of numbers, or a `Table`."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from pandas.api import types

from gpicl.classifier.values import days, number, plain_value, stands_for_missing
from gpicl.errors import ClassifierError

# What pandas finds in an array of objects, and the kind of column that it makes without a look at each of them.
_KINDS = {"boolean": "truth"} | dict.fromkeys(("integer", "floating", "mixed-integer-float", "decimal"), "number")


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        kind: `number`, `truth`, `date` (in days) or `object`.
        values: [N]; float64 with NaN where a value is missing, or for `object` truth values, numbers and text, with
            None where a value is missing.
        declared: Whether its type says that it holds categories.
    """

    kind: str
    values: np.ndarray
    declared: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether every value is missing."""
        return bool(pd.isna(self.values).all())

    def floats(self) -> Float64[np.ndarray, " N"]:
        """Its values as numbers, where none of them is text."""
        return self.values.astype(np.float64)

    def plain(self) -> list[Any]:
        """Its values as truth values, numbers and text, with None where one is missing."""
        if self.kind == "object":
            return self.values.tolist()
        as_type = bool if self.kind == "truth" else float
        return [None if np.isnan(value) else as_type(value) for value in self.values]


class Table(NamedTuple):
    """Columns of any kind, found by their position alone.

    Attributes:
        columns: The columns.
        names: How messages call them.
    """

    columns: list[Column]
    names: list[str]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (len(self.columns[0].values) if self.columns else 0), len(self.columns)

    def numbers_or_self(self) -> "Float64[np.ndarray, 'N F'] | Table":
        """An array where every column is numbers or truth values, else the table itself."""
        if all(column.kind in ("number", "truth") for column in self.columns):
            return np.stack([column.values for column in self.columns], 1)
        return self


class UnreadableValueError(ClassifierError, TypeError):
    """A value that is no number, date or category."""


def flatten_images(X: Any) -> tuple[Any, tuple[int, ...] | None]:
    """Turn images `[N, H, W]` or `[N, H, W, C]` into rows of pixels; leave everything else as it is.

    Args:
        X: What the user gave.

    Returns:
        The rows, and the shape of one image, or None if these are no images.
    """
    shape = tuple(getattr(X, "shape", ()))
    if len(shape) not in (3, 4) or 0 in shape:
        return X, None
    return np.asarray(_without_torch(X)).reshape(shape[0], -1), shape[1:]


def frame_or_array(X: Any) -> Any:
    """Turn what the user gave into a data frame where it has names or holds anything but numbers.

    Args:
        X: Data frame of pandas, polars or pyarrow; array, tensor or list of rows.

    Returns:
        A pandas data frame; or an array of objects; or whatever scikit-learn can check for numbers.

    Raises:
        ClassifierError: If it is a single row, or its columns cannot be told by their names.
    """
    X = _without_torch(X)
    if isinstance(X, pd.Series):
        raise ClassifierError(
            "X is a Series, which is one row or one column, and must be a table. Give frame.iloc[[0]] rather than "
            "frame.iloc[0] for one row, and frame[['a']] rather than frame['a'] for one column. Reshape your data "
            "with .to_frame().T where there is only the row."
        )
    if X is None or isinstance(X, dict | str | bytes):
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
    if isinstance(X, np.ma.MaskedArray):
        return X.astype(np.float64).filled(np.nan) if X.dtype.kind in "biuf" else X.astype(object).filled(None)
    if isinstance(X, list | tuple):
        return _array_of_rows(X)
    if isinstance(X, np.ndarray) and X.dtype.names:
        return pd.DataFrame(X)
    return X


def only_numbers(X: Any) -> bool:
    """Whether scikit-learn can make an array of numbers of this without a look at its values.

    Args:
        X: See `frame_or_array`.
    """
    if isinstance(X, pd.DataFrame):
        return all(_is_numeric(dtype) for dtype in X.dtypes)
    return not (isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OUSMmT")


def read_table(X: pd.DataFrame | np.ndarray) -> Table:
    """Read the columns of a frame, or of an array of anything.

    Args:
        X: See `frame_or_array`.

    Raises:
        UnreadableValueError: If a column holds what is neither number nor date nor category.
    """
    if isinstance(X, pd.DataFrame):
        names = [repr(name) for name in X.columns]
        return Table([_read_series(X.iloc[:, i], name) for i, name in enumerate(names)], names)
    names = [str(i) for i in range(X.shape[1])]
    columns = [_read_series(pd.Series(X[:, i], dtype=_dtype(X)), name) for i, name in enumerate(names)]
    if X.dtype.kind in "UST":
        # numpy printed the numbers of such an array, so all its texts that can be numbers are.
        columns = [_numbers_of_text(column) for column in columns]
    return Table(columns, names)


def check_finite(rows: Any, names: list[str] | None = None) -> None:
    """Refuse infinity.

    Args:
        rows: Table or array.
        names: How messages call the columns of an array; None for their numbers.

    Raises:
        ClassifierError: If there is any.
    """
    if isinstance(rows, Table):
        for column, name in zip(rows.columns, rows.names, strict=True):
            if column.kind == "object":
                infinite = [isinstance(value, float) and np.isinf(value) for value in column.values]
                _refuse_infinity(np.array(infinite, dtype=bool), name)
            else:
                _refuse_infinity(np.isinf(column.values), name)
    elif not np.isfinite(rows.sum()) and np.isinf(rows).any():
        infinite = np.isinf(rows)
        place = int(infinite.any(0).argmax())
        _refuse_infinity(infinite[:, place], names[place] if names else str(place))


def _refuse_infinity(infinite: np.ndarray, name: str) -> None:
    if infinite.any():
        raise ClassifierError(
            f"Column {name} holds infinity (inf), or a number too large for float64, in row {int(infinite.argmax())}. "
            "Give NaN where a value is missing, or a large number."
        )


def join_rows(first: Any, second: Any) -> Any:
    """Put the second examples behind the first.

    Args:
        first: Table or array.
        second: Table or array with as many columns.
    """
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    names = second.names if isinstance(first, np.ndarray) else first.names
    pairs = zip(_columns(first), _columns(second), strict=True)
    return Table([_join(*pair) for pair in pairs], names)


def _columns(rows: Any) -> list[Column]:
    return rows.columns if isinstance(rows, Table) else [Column("number", column) for column in rows.T]


def _join(first: Column, second: Column) -> Column:
    if first.kind == second.kind != "object":
        return Column(first.kind, np.concatenate([first.values, second.values]))
    numbers = {"number", "truth"}
    if {first.kind, second.kind} <= numbers:
        return Column("number", np.concatenate([first.values, second.values]))
    # A column without any value goes with every other.
    for empty, other in ((first, second), (second, first)):
        if other.kind != "object" and empty.is_empty:
            parts = [empty.floats(), other.values] if empty is first else [other.values, empty.floats()]
            return Column(other.kind, np.concatenate(parts))
    return Column("object", _objects([*first.plain(), *second.plain()]), first.declared or second.declared)


def _without_torch(X: Any) -> Any:
    if not isinstance(X, torch.Tensor):
        return X
    X = X.detach().cpu()
    return (X.float() if X.dtype == torch.bfloat16 else X).numpy()


def _frame_of_others(X: Any) -> Any:
    """Frames of other libraries as frames of pandas; none of these libraries has to be installed."""
    if isinstance(X, pd.DataFrame) or not (hasattr(X, "columns") or hasattr(X, "column_names")):
        return X
    if hasattr(X, "collect_schema") and hasattr(X, "collect") and not hasattr(X, "to_pandas"):
        raise ClassifierError("X is a LazyFrame, which holds no rows yet. Give X.collect().")
    if type(X).__module__.startswith("polars"):  # its own to_pandas needs pyarrow
        columns = [pd.Series(_polars_values(X.to_series(i))) for i in range(X.width)]
        frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(X.height))
        return frame.set_axis(list(X.columns), axis=1)
    return X.to_pandas() if hasattr(X, "to_pandas") else X


def _polars_values(series: Any) -> Any:
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        return series.to_numpy()
    declared = str(series.dtype).startswith(("Categorical", "Enum"))
    values = series.to_list()
    return pd.Categorical(values) if declared else pd.array(_objects(values), dtype=object)


def _array_of_rows(X: Sequence[Any]) -> Any:
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise ClassifierError(
            f"X is a list whose rows do not make a table: {error}. Every row needs the same number of values."
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "OUS":
        return X
    if array.dtype.kind != "O" and isinstance(X[0], np.ndarray):
        return array
    return np.asarray(X, dtype=object)


def _check_names(columns: pd.Index) -> None:
    if isinstance(columns, pd.MultiIndex):
        raise ClassifierError(
            f"The columns of X have names of {columns.nlevels} levels, such as {columns[0]}. Give each one name: "
            "X.columns = ['_'.join(map(str, name)) for name in X.columns]."
        )
    twice = columns[columns.duplicated()].unique().tolist()
    if twice:
        raise ClassifierError(
            f"X has more than one column of the name {', '.join(map(repr, twice))}, so that columns cannot be told "
            "apart. Rename one of each, or drop it: X.loc[:, ~X.columns.duplicated()]."
        )
    texts = [isinstance(name, str) for name in columns]
    if any(texts) and not all(texts):
        others = [name for name, text in zip(columns, texts, strict=True) if not text]
        raise ClassifierError(
            f"Some columns of X have text as names, and others, such as {others[0]!r}, do not. "
            "Make all of them text: X.columns = X.columns.astype(str)."
        )


def _read_series(series: pd.Series, name: str) -> Column:
    dtype = series.dtype
    if types.is_complex_dtype(dtype):
        raise UnreadableValueError(
            f"Column {name} is {dtype}, which is neither numbers nor categories: Complex data not supported. Give real "
            "and imaginary parts as two columns, or leave it out."
        )
    if _is_numeric(dtype):
        kind = "truth" if types.is_bool_dtype(dtype) else "number"
        return Column(kind, np.asarray(series.astype(np.float64) if _is_sparse(dtype) else _floats(series)))
    missing = np.asarray(series.isna())
    values = series.astype(object).to_numpy()
    kind = _KINDS.get(types.infer_dtype(values, skipna=True)) if types.is_object_dtype(dtype) else None
    if kind:
        return Column(kind, np.where(missing, np.nan, values).astype(np.float64))
    declared = isinstance(dtype, pd.CategoricalDtype) or str(dtype).startswith("dictionary")
    present = [value for value, gap in zip(values, missing, strict=True) if not gap]
    if present and days(present[0]) is not None:
        temporal = [days(value) for value in present]
        if None not in temporal:
            filled = np.full(len(values), np.nan)
            filled[~missing] = temporal
            return Column("date", filled)
    plain = np.full(len(values), None, dtype=object)
    for row in np.flatnonzero(~missing):
        try:
            plain[row] = plain_value(values[row])
        except TypeError as error:
            raise UnreadableValueError(
                f"Column {name} holds {values[row]!r:.60}, of type {type(values[row]).__name__}, in row {row}. Each "
                "value of this argument must be a truth value, a date, a string (a category) or a number. Turn it into "
                "columns of these, or leave it out."
            ) from error
    return Column("object", plain, declared)


def _floats(series: pd.Series) -> np.ndarray:
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _numbers_of_text(column: Column) -> Column:
    if column.kind != "object":
        return column
    read = [None if value is None else number(value) for value in column.values]
    unread = [v for v, x in zip(column.values, read, strict=True) if x is None and v is not None]
    if all(stands_for_missing(value) for value in unread) and len(unread) < len(read):
        return Column("number", np.array([np.nan if x is None else x for x in read]))
    return column


def _is_numeric(dtype: Any) -> bool:
    return (types.is_bool_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype)) or (
        types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    )


def _is_sparse(dtype: Any) -> bool:
    return isinstance(dtype, pd.SparseDtype)


def _dtype(X: np.ndarray) -> Any:
    return object if X.dtype.kind in "OUST" else None


def _objects(values: list[Any]) -> np.ndarray:
    """An array of objects, of one dimension whatever the objects are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
