"""Intervals in words."""

# Halves that differ by less are the same half.
_SAME = 1e-9


def interval_text(estimate: float, low: float, high: float, digits: int = 1) -> str:
    """Write a percentage with its interval: `60.4 ± 1.2`, or where the halves differ `97.9 (96.1 to 98.8)`.

    Args:
        estimate: The estimate, 0..1.
        low: Lower end.
        high: Upper end.
        digits: Digits behind the point.
    """
    text = f"{100 * estimate:.{digits}f}"
    if abs((high - estimate) - (estimate - low)) < _SAME:
        return f"{text} ± {100 * (high - estimate):.{digits}f}"
    return f"{text} ({100 * low:.{digits}f} to {100 * high:.{digits}f})"
