"""Single values of a table: recognising numbers, dates, booleans and missing values, and printing them."""

import math
import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

Plain = bool | int | float | str
"""Type of a stored value that is neither missing nor a date."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTH = {"true": True, "false": False}
# Words for a missing value, in lower case: those of pandas, and those of other programs.
_MISSING = {
    "", "?", "-", "--", ".", "#n/a", "#na", "<na>", "n/a", "na", "nan", "-nan", "nat", "nil", "none", "null", "missing",
    "unknown",
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1)  # dates without a time zone count as UTC
_DAY = timedelta(days=1)


def plain_value(value: Any) -> Plain:
    """Convert a value to a boolean, a number or text.

    Args:
        value: Any hashable value that is not missing.

    Raises:
        TypeError: If it is not hashable, such as a list or dict.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real | Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    try:
        hash(value)
    except TypeError as error:
        raise TypeError(f"{value!r:.60}, of type {type(value).__name__}") from error
    return str(value)


def days(value: Any) -> float | None:
    """Convert a date, a time or a duration to days; dates count from 1970 in UTC, times from midnight.

    Args:
        value: A single value of any type.

    Returns:
        Days, or None if it is not a date, a time or a duration.
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, np.timedelta64):
        value = pd.Timedelta(value)
    if isinstance(value, pd.Period):
        value = value.start_time
    if isinstance(value, datetime):
        # pandas' type has nanoseconds, which are below the precision of a float.
        plain = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
        return ((plain.astimezone(timezone.utc).replace(tzinfo=None) if plain.tzinfo else plain) - _EPOCH) / _DAY
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days)
    if isinstance(value, time):
        return (datetime.combine(_EPOCH, value.replace(tzinfo=None)) - _EPOCH) / _DAY
    return value / _DAY if isinstance(value, timedelta) else None


def number(value: Plain) -> float | None:
    """Convert a value to a number.

    Args:
        value: Any value; booleans, and text such as `"-1.5e3"` or `"True"`, are numbers too.

    Returns:
        The number, or None if it is not one.
    """
    if not isinstance(value, str):
        return float(value)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return read if math.isfinite(read := float(text)) else None
    truth = _TRUTH.get(text.lower())
    return None if truth is None else float(truth)


def stands_for_missing(value: Plain) -> bool:
    """Whether a value is a word for a missing value, such as `"?"`."""
    return isinstance(value, str) and value.strip().lower() in _MISSING


def printed(value: Plain) -> str:
    """Convert a value to text; a whole number has no decimal point, whatever its type."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def same_in_other_types(text: str) -> str:
    """Return a form that is the same for equal values of different types, such as `"1.0"` and `"1"`.

    Args:
        text: A printed value.
    """
    text = text.strip()
    if text.lower() in _TRUTH:
        return text.lower()
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        return text
    # A number in single precision has about seven digits.
    return text if text.lstrip("+-").isdigit() else str(int(value)) if value == int(value) else f"{value:.7g}"
