"""Encoding of tables as numbers: numbers and dates stay, categories are one-hot encoded, identifiers are dropped."""

import re
from collections import Counter
from typing import Any, cast

import numpy as np
import pandas as pd
from jaxtyping import Float64
from sklearn.preprocessing import OneHotEncoder

from gpicl.classifier.advice import warn
from gpicl.classifier.frames import frame_or_array
from gpicl.classifier.tables import Column, Table, objects, read_table
from gpicl.classifier.values import Plain, days, number, printed, same_in_other_types, stands_for_missing
from gpicl.errors import ClassifierError

# Further categories of a column are merged into one: each would be too rare to be useful.
_MOST_CATEGORIES = 32
# A column is left out if it has at least this many values and more than this share of them are different: no value is
# frequent enough to be useful, and one column for each would lower the accuracy.
_FEWEST_VALUES, _DIFFERENT = 10, 0.7
# Words among numbers count as missing up to this share of the values.
_WORDS = 0.1
_TIME_FORMATS = ("%H:%M", "%H:%M:%S")
_DATE_FORMATS = (
    "ISO8601", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y",
    *_TIME_FORMATS,
)  # fmt: skip
_ISO_DATE = re.compile(r"\d{4}-\d{2}(-\d{2}.*)?")


class TableEncoder:
    """Encodes the columns of a table as numbers; the values in the context decide how.

    Numbers and booleans stay. Dates become days since 1970, times and durations days. Text that reads as numbers
    becomes numbers, except if it has few different whole numbers, which may be codes of categories. Categories become
    one column each and are compared as they print; a missing category is a category too. Text in which most values are
    different is left out.

    Args:
        context: The table of the context, or an array of numbers, which needs no encoding.

    Attributes:
        has_categories: Whether the context has columns that need encoding.

    Raises:
        ClassifierError: If a column is neither numbers, dates nor categories.
    """

    def __init__(self, context: Any) -> None:
        self.has_categories = not isinstance(context, np.ndarray)
        if isinstance(context, np.ndarray):
            self._empty: np.ndarray = np.all(np.isnan(context), axis=0)
            return
        table = _table(context)
        self._columns = [_encoder(*pair) for pair in zip(table.columns, table.names, strict=True)]
        self._one_hot = OneHotEncoder(
            sparse_output=False, handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES
        ).set_output(transform="default")  # whatever scikit-learn's global configuration is
        categories = self._categories(table, fitting=True)
        if categories.shape[1]:
            self._one_hot.fit(categories)

    def __call__(self, rows: Any) -> Float64[np.ndarray, "N F"]:
        """Encode the context, or queries.

        Args:
            rows: A table with the same columns, or an array.

        Raises:
            ClassifierError: If a column of numbers or dates now holds something else.
        """
        if not self.has_categories:
            return rows if isinstance(rows, np.ndarray) else self._numbers(_table(rows))
        table = _table(rows)
        parts = [
            encode(column)
            for encode, column in zip(self._columns, table.columns, strict=True)
            if isinstance(encode, _Numbers | _Dates)
        ]
        categories = self._categories(table)
        if categories.shape[1]:
            parts.append(self._one_hot.transform(categories))
        # If every column is left out, one constant column remains.
        return np.hstack(parts) if parts else np.zeros((table.shape[0], 1))

    def _numbers(self, table: Table) -> Float64[np.ndarray, "N F"]:
        """Encode a table of any kind for a context of numbers; columns that were all missing are not read."""
        gaps = np.full((table.shape[0], 1), np.nan)
        columns = zip(table.columns, table.names, self._empty, strict=True)
        return np.hstack([gaps if empty else _Numbers(name, frozenset())(column) for column, name, empty in columns])

    def _categories(self, table: Table, fitting: bool = False) -> np.ndarray:
        """The categories of all columns of categories, `[N, C]`."""
        columns = [
            encode(column, fitting)
            for encode, column in zip(self._columns, table.columns, strict=True)
            if isinstance(encode, _Categories)
        ]
        return np.stack(columns, 1) if columns else np.empty((table.shape[0], 0))


class _LeftOut:
    """A column that is left out."""


class _Numbers:
    """One column of numbers.

    Args:
        name: Name of the column in messages.
        words: Additional words for missing values.
    """

    def __init__(self, name: str, words: frozenset[str]) -> None:
        self._name, self._words = name, sorted(words)

    def __call__(self, column: Column) -> Float64[np.ndarray, "N 1"]:
        if column.kind in ("number", "truth") or column.is_empty:
            return column.floats()[:, None]
        if column.kind == "date":
            raise ClassifierError(
                f"Column {self._name} held numbers when the classifier was fitted and now holds dates. Give numbers, "
                "or fit again with dates."
            )
        return np.array([[self._read(row, value)] for row, value in enumerate(column.values)])

    def _read(self, row: int, value: Plain | None) -> float:
        if value is None:
            return np.nan
        read = number(value)
        if read is not None:
            return read
        if value in self._words or stands_for_missing(value):
            return np.nan
        raise ClassifierError(
            f"Column {self._name} held numbers when the classifier was fitted and now holds {value!r} in row {row}. "
            "Give numbers, or NaN for a missing value; or fit again with a column of categories."
        )


class _Dates:
    """One column of days.

    Args:
        name: Name of the column in messages.
        format: Format of dates written as text; None if they are not text.
    """

    def __init__(self, name: str, format: str | None) -> None:
        self._name, self._format = name, format

    def __call__(self, column: Column) -> Float64[np.ndarray, "N 1"]:
        if column.kind == "date" or column.is_empty:
            return column.floats()[:, None]
        texts = [None if value is None or stands_for_missing(value) else str(value) for value in column.plain()]
        read = _read_dates(texts, self._format or "ISO8601")
        wrong = [text for text, day in zip(texts, read, strict=True) if text is not None and np.isnan(day)]
        if not wrong:
            return read[:, None]
        written = f" written as {self._format}" if self._format else ""
        raise ClassifierError(
            f"Column {self._name} held dates{written} when the classifier was fitted and now holds {wrong[0]!r}. Give "
            "dates, as pandas.to_datetime makes them, in both."
        )


class _Categories:
    """One column of categories.

    Args:
        name: Name of the column in messages.
        column: The column of the context.
    """

    def __init__(self, name: str, column: Column) -> None:
        self._name = name
        self._seen = dict.fromkeys(printed(value) for value in column.plain() if value is not None)
        alike = Counter(map(same_in_other_types, self._seen))
        self._alike = {same: text for text in self._seen if alike[same := same_in_other_types(text)] == 1}

    def __call__(self, column: Column, fitting: bool = False) -> np.ndarray:
        """Return every row's category, or None if it is missing; warn if most categories are new.

        Args:
            column: The column of the context, or of queries.
            fitting: Whether it is the column of the context, whose categories are all known.
        """
        values = [None if value is None else self._known(printed(value)) for value in column.plain()]
        unseen = [] if fitting else [value for value in values if value is not None and value not in self._seen]
        if len(unseen) > 0.5 * sum(value is not None for value in values):
            warn(
                f"Column {self._name}: {len(unseen):,} of {len(values):,} rows have categories that were not in the "
                f"data given to fit, such as {unseen[0]!r}; those were {_some(list(self._seen))}. The classifier "
                "ignores them. Check that both are written the same way."
            )
        return objects(values)

    def _known(self, text: str) -> str:
        return text if text in self._seen else self._alike.get(same_in_other_types(text), text)


def _encoder(column: Column, name: str) -> _LeftOut | _Numbers | _Dates | _Categories:
    if column.is_empty:
        return _LeftOut()
    if column.kind == "date":
        return _Dates(name, None)
    if column.kind != "object":
        return _Numbers(name, frozenset())
    present = [value for value in column.plain() if value is not None]
    different = len(set(map(printed, present)))
    many = len(present) >= _FEWEST_VALUES and different > _DIFFERENT * len(present)
    names = column.declared or _may_be_codes(present, different)
    words = None if _begin_with_zero(present) or (names and not many) else _words_among_numbers(present)
    if words is not None:
        if words:
            warn(
                f"Column {name} holds numbers and {_some(words)}, which is read as a missing value. Give NaN instead, "
                "or give all numbers as text if they are categories."
            )
        return _Numbers(name, frozenset(words))
    if not column.declared and (format := _date_format(present)):
        warn(
            f"Column {name} holds dates as text, such as {present[0]!r}, and is read as days. Give dates, as "
            "pandas.to_datetime makes them, to be sure of how they are read."
        )
        return _Dates(name, format)
    if many:
        warn(
            f"Column {name} is left out: {different:,} of its {len(present):,} values are different, such as "
            f"{present[0]!r}, so each is too rare to learn from. To keep it, give a part that repeats, such as the "
            "first letters, or numbers instead, such as pandas.factorize(column)[0]."
        )
        return _LeftOut()
    return _Categories(name, column)


def _words_among_numbers(present: list[Plain]) -> list[str] | None:
    """The different words in a column of numbers; None if it is not a column of numbers."""
    unread = [value for value in present if number(value) is None]
    words = [value for value in unread if not stands_for_missing(value)]
    numbers = len(present) - len(unread)
    if not numbers or len(words) > _WORDS * (numbers + len(words)):
        return None
    return sorted({str(value) for value in unread})


def _begin_with_zero(present: list[Plain]) -> bool:
    return any(isinstance(value, str) and re.match(r"\s*[+-]?0\d", value) for value in present)


def _may_be_codes(present: list[Plain], different: int) -> bool:
    """Whether values that read as numbers may be names of categories: text with few different whole numbers."""
    texts = [value.strip() for value in present if isinstance(value, str) and number(value) is not None]
    if len(texts) < sum(number(value) is not None for value in present):
        return False  # some are numbers
    whole = all(not re.search(r"[.eE]\d", text) for text in texts)
    return whole and different <= min(_MOST_CATEGORIES, 0.5 * len(present))


def _date_format(present: list[Plain]) -> str | None:
    texts = [value for value in present if not stands_for_missing(value)]
    if not texts or not all(isinstance(value, str) and any(map(str.isdigit, value)) for value in texts):
        return None
    for format in _DATE_FORMATS:
        if not np.isnan(_read_dates(cast("list[str | None]", texts), format)).any():
            return format
    return None


def _read_dates(texts: list[str | None], format: str) -> Float64[np.ndarray, " N"]:
    if format == "ISO8601":
        texts = [text if text is not None and _ISO_DATE.fullmatch(text.strip()) else None for text in texts]
    parsed = pd.to_datetime(pd.Series(texts, dtype=object), format=format, errors="coerce", utc=True)
    found = [None if pd.isna(date) else days(date.time() if format in _TIME_FORMATS else date) for date in parsed]
    return np.array(found, dtype=np.float64)  # NaN for None


def _table(rows: Any) -> Table:
    return rows if isinstance(rows, Table) else read_table(frame_or_array(rows))


def _some(values: list[str]) -> str:
    shown = ", ".join(repr(value) for value in values[:3])
    return f"{shown} and {len(values) - 3:,} more" if len(values) > 3 else shown
