"""The figures of a run's report."""

import numpy as np
import pandas as pd
import pytest
import torch

from gpicl.report import example_images, learning_curve, reference_rows, settings_that_differ
from gpicl.tasks import Episodes


def results(positions, episodes=512):
    accuracy = np.linspace(0.1, 0.9, len(positions))
    return pd.DataFrame(
        {
            "dataset": "mnist", "tasks": "unseen", "position": positions, "accuracy": accuracy,
            "low": accuracy - 0.02, "high": accuracy + 0.02, "episodes": episodes,
            "image": "14x14x1", "features": 196, "length": 100, "seed": 0,
        }
    )  # fmt: skip


def test_tests_with_other_numbers_of_episodes_are_lines_of_their_own():
    both = pd.concat([results(range(1, 101), 512), results(range(1, 101), 4096)])
    lines = learning_curve(both).axes[0].lines
    assert [len(line.get_xdata()) for line in lines] == [100, 100]
    assert settings_that_differ(both) == ["episodes"]


@pytest.mark.parametrize(("positions", "marker"), [(range(1, 101), ""), ([1, 11, 100], "o"), ([100], "o")])
def test_positions_are_marked_unless_all_are_measured(positions, marker):
    (line,) = learning_curve(results(positions)).axes[0].lines
    assert line.get_marker() in (marker, marker or "None")


def test_raw_examples_are_shown_in_their_shape_where_the_learner_reads_more_features(features):
    padded = torch.nn.functional.pad(torch.rand(1, 10, 36), (0, 13))  # 49 features would be a square too
    episodes = Episodes(padded, torch.zeros(1, 10, dtype=torch.long))
    raw, task = example_images(features, episodes, [Episodes(padded.clone(), episodes.labels)]).axes
    assert raw.images[0].get_array().shape[0] == 6
    assert task.images[0].get_array().shape[0] == 7


def test_published_accuracies_on_the_tested_data_set_come_first():
    assert list(reference_rows(["kmnist"]).columns)[2] == "kmnist"
    assert list(reference_rows(["mnist_5k"]).columns)[2] == "mnist"
