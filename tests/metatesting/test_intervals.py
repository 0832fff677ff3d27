"""Intervals hold what they say they hold."""

import numpy as np
import pytest

from gpicl.metatesting import accuracy_interval, accuracy_over_seeds, mean_interval, wilson_interval
from gpicl.report import interval_text


@pytest.mark.parametrize("trials", [1, 3, 49, 1024])
def test_no_end_is_on_the_wrong_side_of_the_estimate(trials):
    successes = np.arange(trials + 1)
    low, high = wilson_interval(successes, trials)
    share = successes / trials
    assert (low <= share).all()
    assert (share <= high).all()


def test_the_noise_of_few_examples_widens_the_interval():
    without, many, few = (accuracy_interval(0.6, 1024, examples) for examples in (0, 10_000, 359))
    assert few[0] < many[0] < without[0] < 0.6 < without[1] < many[1] < few[1]
    low, high = wilson_interval(np.array([6]), 10)
    assert accuracy_interval(0.6, 10) == pytest.approx((low[0], high[0]))


def test_intervals_over_seeds_cover_the_mean_of_all_images_weights_and_episodes():
    """Images are known or not, seeds differ, episodes are few: the truth is covered at least as often as 95 %."""
    random = np.random.default_rng(0)
    covered, t_alone = [], []
    for _ in range(400):
        known = random.random(100) < 0.6  # of 100 images, drawn from a population of which 60 % are known
        shifts = random.normal(0, 0.01, 3)
        accuracies = np.array([random.binomial(500, np.clip(known.mean() + s, 0, 1)) / 500 for s in shifts])
        low, high = accuracy_over_seeds(accuracies, 500, 100)
        covered.append(low <= 0.6 <= high)
        low, high = mean_interval(accuracies)
        t_alone.append(low <= 0.6 <= high)
    assert np.mean(covered) > 0.93
    assert np.mean(t_alone) < 0.85, "the images' noise is not in the spread over seeds"


def test_seeds_that_agree_by_chance_are_no_certainty():
    low, high = accuracy_over_seeds(np.array([0.5, 0.5, 0.5]), 100)
    assert low < 0.45 < 0.55 < high
    assert accuracy_over_seeds(np.array([1.0, 1.0]), 100)[1] == 1.0


def test_a_plus_minus_stands_where_both_halves_are_the_same():
    assert interval_text(0.604, 0.592, 0.616) == "60.4 ± 1.2"
    assert interval_text(0.979, 0.961, 0.988) == "97.9 (96.1 to 98.8)"
