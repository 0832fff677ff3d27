"""Confidence intervals for an accuracy, and for a mean over seeds."""

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import t

# 97.5 % quantile of the standard normal.
_Z = 1.959963984540054


def wilson_interval(
    successes: Int64[np.ndarray, " n"] | Float64[np.ndarray, " n"], trials: int | float
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """95 % interval of a probability by Wilson's score, which is valid near 0 and 1 too.

    At one position the predictions of different episodes are independent, so the number of right ones is binomial.

    Args:
        successes: Number of right predictions.
        trials: Number of episodes.

    Returns:
        Lower and upper ends.
    """
    share = successes / trials
    centre = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    # Without clipping, rounding could put an end on the wrong side of the share if all or none are right.
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def accuracy_interval(accuracy: float, episodes: int, examples: int = 0) -> tuple[float, float]:
    """95 % interval of one learner's accuracy that covers the noise of the episodes and of the examples in them.

    It is Wilson's interval for the number of episodes that would have the noise of both. The noise of the examples is
    largest if a learner is always right on some of them and always wrong on others; it is then that of as many
    episodes. The interval uses this upper bound.

    Args:
        accuracy: Share of right predictions.
        episodes: Number of episodes.
        examples: Number of examples that the episodes draw from; 0 if each draws its own.
    """
    effective = 1 / (1 / episodes + (1 / examples if examples else 0.0))
    low, high = wilson_interval(np.array([accuracy * effective]), effective)
    return float(low[0]), float(high[0])


def accuracy_over_seeds(accuracies: Float64[np.ndarray, " n"], episodes: int, examples: int = 0) -> tuple[float, float]:
    """95 % interval of a mean accuracy over seeds, each with its own weights, tasks and episodes.

    The spread over the seeds (Student's t) covers the noise of all three. The examples are the same for all seeds, so
    their noise is added (see `accuracy_interval`). The result is never narrower than the interval of all episodes
    together, which it could be if the seeds agree by chance.

    Args:
        accuracies: Accuracy of each seed; two or more.
        episodes: Episodes per seed.
        examples: Number of examples that the episodes draw from; 0 if each draws its own.
    """
    mean = float(accuracies.mean())
    _, high = mean_interval(accuracies)
    noise = _Z * (mean * (1 - mean) / examples) ** 0.5 if examples else 0.0
    half = ((high - mean) ** 2 + noise**2) ** 0.5
    at_least = accuracy_interval(mean, episodes * len(accuracies), examples)
    return max(0.0, min(mean - half, at_least[0])), min(1.0, max(mean + half, at_least[1]))


def mean_interval(values: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    """95 % interval of a mean by Student's t.

    Args:
        values: Two or more independent measurements, such as one accuracy per seed.

    Returns:
        Lower and upper end.
    """
    half = float(t.ppf(0.975, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - half, float(values.mean()) + half


def paired_interval(better: int, worse: int, episodes: int) -> tuple[float, float]:
    """Return the 95 % interval of a difference of two accuracies on the same episodes (Agresti and Min, 2005).

    Args:
        better: Episodes that only the first learner answered correctly.
        worse: Episodes that only the second learner answered correctly.
        episodes: All episodes.

    Returns:
        Its ends, which are never inside the difference itself.
    """
    difference = (better - worse) / episodes
    centre = (better - worse) / (episodes + 2)
    half = _Z * ((better + worse + 1) - (better - worse) ** 2 / (episodes + 2)) ** 0.5 / (episodes + 2)
    return max(-1.0, min(centre - half, difference)), min(1.0, max(centre + half, difference))
