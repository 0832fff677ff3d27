"""Tables with columns of any kind, found by their position."""

import sys
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64
from pandas.api import types

from gpicl.classifier.values import days, number, plain_value, stands_for_missing
from gpicl.errors import ClassifierError

# Types that pandas infers for an array of objects, and the kind of column for each, without checking every value.
_LARGEST = sys.float_info.max
_KINDS = {"boolean": "truth"} | dict.fromkeys(("integer", "floating", "mixed-integer-float", "decimal"), "number")


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        kind: `number`, `truth`, `date` (in days) or `object`.
        values: [N]; float64 with NaN for missing values. For `object`: booleans, numbers and text, with None for
            missing values.
        declared: Whether its type is categorical.
    """

    kind: str
    values: np.ndarray
    declared: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether every value is missing."""
        return bool(pd.isna(self.values).all())

    def floats(self) -> Float64[np.ndarray, " N"]:
        """The values as float64; only valid if none of them is text."""
        return self.values.astype(np.float64)

    def plain(self) -> list[Any]:
        """The values as booleans, numbers and text, with None for missing values."""
        if self.kind == "object":
            return self.values.tolist()
        as_type = bool if self.kind == "truth" else float
        return [None if np.isnan(value) else as_type(value) for value in self.values]


class Table(NamedTuple):
    """Columns of any kind, identified by their position.

    Attributes:
        columns: One for each column, in order.
        names: Their names in messages.
    """

    columns: list[Column]
    names: list[str]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return (len(self.columns[0].values) if self.columns else 0), len(self.columns)

    def numbers_or_self(self) -> "Float64[np.ndarray, 'N F'] | Table":
        """Return an array if every column is numbers or booleans, else the table itself."""
        if all(column.kind in ("number", "truth") for column in self.columns):
            return np.stack([column.values for column in self.columns], 1)
        return self


class UnreadableValueError(ClassifierError, TypeError):
    """A value that is neither a number, a date nor a category."""


def only_numbers(X: Any) -> bool:
    """Whether scikit-learn can convert this to an array of numbers, judged by its types only.

    Args:
        X: See `frames.frame_or_array`.
    """
    if isinstance(X, pd.DataFrame):
        return all(_is_numeric(dtype) and not _is_sparse(dtype) and not _is_decimal(dtype) for dtype in X.dtypes)
    return not (isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OUSMmT")


def read_table(X: pd.DataFrame | np.ndarray) -> Table:
    """Read the columns of a frame, or of an array of any type.

    Args:
        X: See `frames.frame_or_array`.

    Raises:
        UnreadableValueError: If a column has a value that is neither a number, a date nor a category.
    """
    if isinstance(X, pd.DataFrame):
        names = [repr(name) for name in X.columns]
        return Table([_read_series(X.iloc[:, i], name) for i, name in enumerate(names)], names)
    names = [str(i) for i in range(X.shape[1])]
    columns = [_read_series(pd.Series(X[:, i], dtype=_dtype(X)), name) for i, name in enumerate(names)]
    if X.dtype.kind in "UST":
        # numpy has converted the numbers of such an array to text, so text that can be a number is one.
        columns = [_numbers_of_text(column) for column in columns]
    return Table(columns, names)


def check_finite(rows: Any, names: list[str] | None = None) -> None:
    """Raise an error if there are infinite values.

    Args:
        rows: Table or array.
        names: Names of an array's columns in messages; None for their numbers.

    Raises:
        ClassifierError: If a value is infinite.
    """
    if isinstance(rows, Table):
        for column, name in zip(rows.columns, rows.names, strict=True):
            if column.kind == "object":
                infinite = [isinstance(value, float) and np.isinf(value) for value in column.values]
                _refuse_infinity(np.array(infinite, dtype=bool), name)
            else:
                _refuse_infinity(np.isinf(column.values), name)
    elif (infinite := np.isinf(rows)).any():
        place = int(infinite.any(0).argmax())
        _refuse_infinity(infinite[:, place], names[place] if names else str(place))


def _refuse_infinity(infinite: np.ndarray, name: str) -> None:
    if infinite.any():
        raise ClassifierError(
            f"Column {name} holds infinity (inf), or a number too large for float64, in row {int(infinite.argmax())}. "
            "Give NaN for a missing value, or a number such as 1e9 for a very large one."
        )


def join_rows(first: Any, second: Any) -> Any:
    """Append the rows of the second table to those of the first.

    Args:
        first: Table or array.
        second: Table or array with the same number of columns.
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
    # A column without any value can be joined with any other.
    for empty, other in ((first, second), (second, first)):
        if other.kind != "object" and empty.is_empty:
            parts = [empty.floats(), other.values] if empty is first else [other.values, empty.floats()]
            return Column(other.kind, np.concatenate(parts))
    return Column("object", objects([*first.plain(), *second.plain()]), first.declared or second.declared)


def _read_series(series: pd.Series, name: str) -> Column:
    dtype = series.dtype
    if types.is_complex_dtype(dtype):
        raise UnreadableValueError(
            f"Column {name} is {dtype}, which is neither numbers nor categories: Complex data not supported. Give the "
            "real and imaginary parts as two columns, or leave it out."
        )
    if _is_numeric(dtype):
        kind = "truth" if types.is_bool_dtype(dtype) else "number"
        return Column(kind, np.asarray(series.astype(np.float64) if _is_sparse(dtype) else _floats(series)))
    missing = np.asarray(series.isna())
    values = series.astype(object).to_numpy()
    if types.is_object_dtype(dtype) and (found := types.infer_dtype(values, skipna=True)) in _KINDS:
        try:
            return Column(_KINDS[found], np.where(missing, np.nan, values).astype(np.float64))
        except OverflowError:  # an integer of hundreds of digits
            _refuse_infinity(np.array([isinstance(v, int) and abs(v) > _LARGEST for v in values]), name)
            raise
    declared = isinstance(dtype, pd.CategoricalDtype) or str(dtype).startswith("dictionary")
    present = [value for value, gap in zip(values, missing, strict=True) if not gap]
    if present and days(present[0]) is not None:
        temporal = [days(value) for value in present]
        if None not in temporal:
            filled = np.full(len(values), np.nan)
            filled[~missing] = temporal
            return Column("date", filled)
    try:
        plain = [None if gap else plain_value(value) for value, gap in zip(values, missing, strict=True)]
    except TypeError as error:
        raise UnreadableValueError(
            f"Column {name} holds {error}. Each value of this argument must be a boolean, a date, a string (a "
            "category) or a number. Convert it to columns of these, or leave it out."
        ) from error
    return Column("object", objects(plain), declared)


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


def _is_decimal(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and dtype.kind == "O"


def _dtype(X: np.ndarray) -> Any:
    return object if X.dtype.kind in "OUST" else None


def objects(values: list[Any]) -> np.ndarray:
    """Return a one-dimensional array of objects, even if the objects are sequences."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
