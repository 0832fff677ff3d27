"""Intervals for a share of successes, and for a mean over seeds."""

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import t

# 97.5 % quantile of the standard normal.
_Z = 1.959963984540054


def wilson_interval(
    successes: Int64[np.ndarray, " n"], trials: int
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """95 % interval of a probability by Wilson's score, which holds near 0 and 1 too.

    At one position the episodes' answers are independent, so the number of right ones is binomial.

    Args:
        successes: Right answers.
        trials: Episodes.

    Returns:
        Lower and upper ends.
    """
    share = successes / trials
    centre = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def mean_interval(values: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    """95 % interval of a mean by Student's t: what other seeds may be expected to give on average.

    Args:
        values: Two or more independent measurements, such as one accuracy per seed.

    Returns:
        Lower and upper end.
    """
    half = float(t.ppf(0.975, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - half, float(values.mean()) + half
