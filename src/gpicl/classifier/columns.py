"""Cleaning of numeric columns: missing values, constant columns and extreme values."""

import numpy as np
from jaxtyping import Bool, Float64

# A query may be outside the context's range by this many times the range. Larger values are errors; they would dominate
# all other columns, or overflow when squared.
_REACH = 100.0
# Values this much smaller than the largest are zero: the ratio of two numbers to their difference must not overflow.
_SMALLEST = 1e-290
# A column this much larger than the smallest one has a scale of its own, or all others would be zero beside it.
_APART = 1e100


class Columns:
    """Fills missing values with the column's median, adds a column that marks them, and drops constant columns.

    WHY an additional column: that a value is missing often says as much as the value.

    Args:
        context: Features of the context; NaN where a value is missing.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        missing = np.isnan(context)
        some = missing.any(0)
        self._with_gaps = some & ~missing.all(0)
        self._medians = np.zeros(context.shape[1])
        self._medians[~some] = np.median(context[:, ~some], axis=0)
        self._medians[self._with_gaps] = np.nanmedian(context[:, self._with_gaps], axis=0)
        filled = np.where(missing, self._medians, context)
        self._scales = _scales(np.abs(filled).max(0))
        filled = self._scaled(filled)
        low, high = filled.min(0), filled.max(0)
        self._low, self._high = low - _REACH * (high - low), high + _REACH * (high - low)
        self._varies: Bool[np.ndarray, " F"] = high > low
        if not (self._varies | self._with_gaps).any():
            self._varies[0] = True  # a learner needs at least one feature, even a constant one

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Clean the context, or queries.

        Args:
            features: The same columns as the context; NaN where a value is missing.
        """
        missing = np.isnan(features)
        with np.errstate(over="ignore"):  # overflow is clipped in the next line
            filled = self._scaled(np.where(missing, self._medians, features))
        kept = np.clip(filled, self._low, self._high)[:, self._varies]
        return np.hstack([kept, missing[:, self._with_gaps].astype(np.float64)]) if self._with_gaps.any() else kept

    def _scaled(self, filled: np.ndarray) -> np.ndarray:
        scaled = filled / self._scales
        return np.where(np.abs(scaled) < _SMALLEST, 0.0, scaled)


def _scales(largest: Float64[np.ndarray, " F"]) -> Float64[np.ndarray, " F"]:
    """The scale of every column: one number, which changes no view of the data and keeps squares from overflowing."""
    smallest = largest[largest > 0].min(initial=np.inf)
    with np.errstate(over="ignore"):
        apart = largest > _APART * smallest
    return np.where(apart, largest, largest[~apart].max(initial=0.0) or 1.0)
