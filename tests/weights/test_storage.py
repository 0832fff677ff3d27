"""Weights survive a round trip, and damaged ones are refused with the remedy."""

import json

import pytest
import torch

from gpicl.errors import CheckpointError
from gpicl.learners import ValueTransformer, build_learner
from gpicl.weights import load_card, load_weights, save_weights


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    learner = build_learner("ValueTransformer", 4, 3, layers=1, width=8, heads=1, key_size=4)
    save_weights(learner, tmp_path, meta_training={"seed": 3})
    return tmp_path


def test_other_weights_replace_them_and_a_card_that_cannot_be_written_does_not(saved):
    other = build_learner("MLP", 5, 3)
    with pytest.raises(TypeError):
        save_weights(other, saved, accuracy=object())
    assert isinstance(load_weights(saved), ValueTransformer)
    save_weights(other, saved)
    assert load_weights(saved).num_features == 5


def test_killed_between_its_two_files_a_folder_has_no_weights_rather_than_damaged_ones(saved, monkeypatch):
    monkeypatch.setattr("gpicl.weights.storage._digest", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_weights(build_learner("MLP", 5, 3), saved)
    with pytest.raises(CheckpointError, match="No weights in"):
        load_card(saved)


def test_code_in_the_folder_of_the_weights_is_not_run(saved, monkeypatch):
    monkeypatch.syspath_prepend(saved.parent)
    (saved / "payload.py").write_text("raise SystemExit('it was run')")
    card = json.loads((saved / "weights.json").read_text())
    card["learner"] = f"{saved.name}.payload.Learner"
    (saved / "weights.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match="must not bring code with them"):
        load_weights(saved)


def test_a_card_that_nests_for_ever_is_refused(saved):
    (saved / "weights.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="Cannot read"):
        load_card(saved)


def test_the_card_tells_how_to_rebuild_the_learner(saved):
    card = load_card(saved)
    assert card["learner"] == "ValueTransformer"
    assert card["options"] == {
        "num_features": 4, "num_classes": 3, "layers": 1, "width": 8, "heads": 1, "key_size": 4,
    }  # fmt: skip
    assert card["meta_training"] == {"seed": 3}
    assert isinstance(load_weights(saved), ValueTransformer)


def test_a_missing_folder_is_explained(tmp_path):
    with pytest.raises(CheckpointError, match="finished `gpicl train` run"):
        load_weights(tmp_path / "nowhere")


def test_truncated_weights_are_refused(saved):
    path = saved / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=r"damaged.*meta-train again"):
        load_weights(saved)


def test_missing_weights_are_refused(saved):
    (saved / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match="Cannot read the weights"):
        load_weights(saved)


def test_a_garbled_card_is_refused(saved):
    (saved / "weights.json").write_text("{ not json")
    with pytest.raises(CheckpointError, match="Cannot read"):
        load_weights(saved)


def change_card(folder, **changes):
    path = folder / "weights.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_card_of_another_format_is_refused(saved):
    change_card(saved, format=99)
    with pytest.raises(CheckpointError, match="not a card of format"):
        load_weights(saved)


def test_weights_of_another_learner_are_refused(saved):
    change_card(
        saved, options={"num_features": 4, "num_classes": 3, "layers": 2, "width": 8, "heads": 1, "key_size": 4}
    )
    with pytest.raises(CheckpointError, match="do not fit ValueTransformer"):
        load_weights(saved)


def test_an_unknown_learner_in_a_card_is_refused(saved):
    change_card(saved, learner="NoSuchLearner")
    with pytest.raises(CheckpointError, match="Unknown learner"):
        load_weights(saved)
