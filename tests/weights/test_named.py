"""Weights by name, and those that are part of the package."""

from pathlib import Path

import pytest

from gpicl.errors import CheckpointError, UnknownNameError
from gpicl.weights import find_weights, load_card, load_weights, shipped_weights


def test_shipped_weights_are_small_and_say_what_they_are():
    assert shipped_weights() == ["general", "mnist", "synthetic"]
    files = [file for name in shipped_weights() for file in find_weights(name).iterdir()]
    assert {file.suffix for file in files} == {".safetensors", ".json"}
    assert sum(file.stat().st_size for file in files) <= 10e6
    for name in shipped_weights():
        card = load_card(find_weights(name))
        assert card["command"].startswith("gpicl train")
        assert card["meta_training"]["data"]["dataset"]
        assert card["limits"]
        assert all(0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1 for row in card["accuracies"])
        load_weights(find_weights(name))


def test_a_name_wins_over_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mnist").mkdir()
    assert find_weights("mnist").is_absolute()
    assert find_weights("./mnist") == Path("mnist")


def test_a_folder_is_named_by_its_path(tmp_path):
    assert find_weights(tmp_path) == tmp_path
    assert find_weights(str(tmp_path)) == tmp_path
    with pytest.raises(CheckpointError, match="No weights in"):
        load_weights(find_weights("runs/nothing"))


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(UnknownNameError, match="Did you mean 'mnist'"):
        find_weights("mnits")
