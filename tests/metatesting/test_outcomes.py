"""Outcomes are kept episode by episode, and two learners are compared on the episodes that both have answered."""

from contextlib import suppress

import numpy as np
import pytest
import torch

from gpicl.errors import CheckpointError, TaskError
from gpicl.learners import build_learner
from gpicl.metatesting import accuracy_interval, evaluate, load_outcomes, paired_differences, save_outcomes

TEST = {"dataset": "a", "tasks": "unseen", "length": 5, "seed": 0, "data": "x", "episodes": 400}


def save(folder, right, **changes):
    folder.mkdir(exist_ok=True)
    save_outcomes(folder / "one.npz", right, [5], **{**TEST, **changes})
    return folder


def test_outcomes_are_those_that_the_table_counts(features):
    torch.manual_seed(0)
    learner = build_learner("ValueTransformer", 36, 4, layers=1, width=16, heads=1, key_size=8)
    kept = []
    table = evaluate(
        learner, {"a": features}, episodes=40, length=6, batch=16, on_outcomes=lambda *outcome: kept.append(outcome)
    )
    ((name, kind, right),) = kept
    assert (name, kind, right.shape) == ("a", "unseen", (40, 6))
    assert right.mean(0).tolist() == table["accuracy"].tolist()


def test_a_paired_interval_is_narrower_and_covers_the_difference(tmp_path):
    random = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        hard = random.random(400)  # how hard an episode is, for both alike
        one, other = (random.random(400) < np.clip(1.3 * hard - 0.3 + gain, 0, 1) for gain in (0.1, 0.05))
        folders = [save(tmp_path / name, right[:, None]) for name, right in (("a", one), ("b", other))]
        row = paired_differences(*folders).iloc[0]
        truth = np.mean(np.clip(1.3 * hard - 0.2, 0, 1) - np.clip(1.3 * hard - 0.25, 0, 1))
        covered.append(row["low"] <= truth <= row["high"])
        assert row["low"] <= row["difference"] <= row["high"]
    assert np.mean(covered) > 0.92
    low, high = accuracy_interval(float(one.mean()), 400)
    assert row["high"] - row["low"] < 2**0.5 * (high - low)


def test_learners_that_answer_alike_do_not_differ(tmp_path):
    right = np.ones((400, 1), bool)
    row = paired_differences(save(tmp_path / "a", right), save(tmp_path / "b", right)).iloc[0]
    assert row["low"] < row["difference"] == 0 < row["high"]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"data": "y"},
        {"length": 6},
        {"dataset": "b"},
        {"trained_tasks": "t"},
        {"classes": 5},
        {"version": 2},
    ],
)
def test_other_episodes_are_no_pairs(tmp_path, change):
    right = np.ones((400, 1), bool)
    with pytest.raises(TaskError, match="no test in common"):
        paired_differences(
            save(tmp_path / "a", right, trained_tasks="", classes=10, version=1),
            save(tmp_path / "b", right, **{"trained_tasks": "", "classes": 10, "version": 1, **change}),
        )


def test_missing_and_damaged_outcomes_are_explained(tmp_path):
    with pytest.raises(CheckpointError, match="--outcomes true"):
        load_outcomes(tmp_path)
    (tmp_path / "one.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(CheckpointError, match="Cannot read the outcomes"):
        load_outcomes(tmp_path)


@pytest.mark.parametrize("place", range(0, 700, 7))
def test_a_flipped_byte_changes_nothing_or_is_explained(tmp_path, place):
    right = np.random.default_rng(0).random((400, 1)) < 0.5
    path = save(tmp_path, right) / "one.npz"
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 0xFF
    path.write_bytes(content)
    with suppress(CheckpointError):
        found = load_outcomes(tmp_path)
        assert found["right"][0].tolist() == right[:, 0].tolist()


def test_a_file_that_lacks_a_part_is_explained(tmp_path):
    np.savez(tmp_path / "one.npz", right=np.ones((4, 1), bool), positions=[5], dataset="a")
    with pytest.raises(CheckpointError, match="it lacks tasks, length, seed, data, episodes"):
        load_outcomes(tmp_path)


def test_outcomes_of_several_numbers_of_features_are_compared_with_their_own(tmp_path):
    for name, share in (("a", 1.0), ("b", 0.5)):
        for features in (8, 16):
            right = np.arange(400)[:, None] < 400 * share * features / 16
            save(tmp_path / name, right, features=features)
            (tmp_path / name / "one.npz").rename(tmp_path / name / f"{features}.npz")
    rows = paired_differences(tmp_path / "a", tmp_path / "b").set_index("features")["difference"]
    assert rows.to_dict() == {8: 0.25, 16: 0.5}


def test_the_first_episodes_of_a_longer_test_are_those_of_a_shorter_one(tmp_path):
    right = np.arange(400)[:, None] % 4 > 0
    save(tmp_path / "a", right)
    (tmp_path / "a" / "one.npz").rename(tmp_path / "a" / "long.npz")
    save(tmp_path / "a", right[:50], episodes=50)
    row = paired_differences(tmp_path / "a", save(tmp_path / "b", ~right[:100], episodes=100)).iloc[0]
    assert (row["episodes"], row["first"], row["second"]) == (100, 0.75, 0.25)


def test_two_files_of_one_test_are_refused(tmp_path):
    right = np.ones((400, 1), bool)
    folder = save(tmp_path / "a", right, key="old")
    (folder / "one.npz").rename(folder / "two.npz")
    save(folder, right, key="new")
    with pytest.raises(TaskError, match="more than one file of outcomes of unseen tasks of a"):
        paired_differences(folder, save(tmp_path / "b", right))
