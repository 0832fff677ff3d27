"""A run that diverges stops, says why, and keeps its best weights."""

import math
from dataclasses import replace

import pytest
import torch

from gpicl.errors import DivergenceError
from gpicl.metatraining import TrainingConfig, meta_train
from gpicl.metatraining.divergence import LossWatch
from gpicl.weights import load_card, load_weights

GUESS = math.log(10)


def look_at(losses, **options):
    watch = LossWatch(10, **options)
    for step, loss in enumerate(losses):
        watch.look(loss, step)


def falling(count=200):
    return [0.6 + (GUESS - 0.6) * math.exp(-step / 30) for step in range(count)]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_noticed_at_once(loss):
    with pytest.raises(DivergenceError, match=r"at step 1: meta-training has diverged.*matrix_weight_decay"):
        look_at([2.0, loss])


def test_a_loss_that_explodes_while_finite_is_noticed():
    with pytest.raises(DivergenceError, match=r"from 0\.6.* at its best; guessing gives 2\.30"):
        look_at([*falling(), *[5.0] * 50])


def test_a_loss_that_goes_back_to_guessing_is_noticed():
    with pytest.raises(DivergenceError):
        look_at([*falling(), *[GUESS] * 60])


def test_a_plateau_a_fall_and_noise_are_no_divergence():
    random = torch.Generator().manual_seed(0)
    noise = 0.3 * torch.randn(2000, generator=random)
    look_at([GUESS + 0.05] * 500)
    look_at([4.0, 3.0, *[GUESS] * 300, *falling()])
    look_at([loss + float(n) for loss, n in zip(falling(2000), noise, strict=True)])


def test_tasks_that_get_harder_are_no_divergence():
    rising = [0.3 + 2.0 * min(1.0, step / 400) for step in range(600)]
    look_at(rising, anneal_steps=500)
    with pytest.raises(DivergenceError):
        look_at(rising)


def test_a_learning_rate_that_is_far_too_high_is_named(config, tmp_path):
    config.training = TrainingConfig(
        steps=50, batch=4, learning_rate=1e30, optimiser="adam", clip=0.0, precision="fp32"
    )
    with pytest.raises(DivergenceError, match=r"meta-training has diverged.*learning_rate"):
        meta_train(config, tmp_path)


@pytest.mark.parametrize("capture", [False, True])
def test_a_run_that_diverges_keeps_its_best_weights(config, tmp_path, capture, monkeypatch):
    """The loss is made to explode from the eighth step on; a measurement was taken after the sixth."""
    looked = LossWatch.look

    def exploding(self, loss, step):
        looked(self, float("nan") if step >= 8 else loss, step)

    monkeypatch.setattr(LossWatch, "look", exploding)
    monkeypatch.setattr("gpicl.metatraining.module._LOOK_EVERY", 1)
    config.loop.capture = capture
    with pytest.raises(DivergenceError, match=r"The weights of step 6, the best .* are kept in .*best"):
        meta_train(config, tmp_path / "diverged")
    (kept,) = tmp_path.glob("diverged/*/best")
    assert load_card(kept)["steps"] == 6
    calm, _ = meta_train(config, tmp_path / "calm", max_steps=6)
    state = torch.load(calm.checkpoint, weights_only=True)["state_dict"]
    for name, tensor in load_weights(kept).state_dict().items():
        assert torch.equal(tensor, state[f"learner.{name}"]), name
    assert not (kept.parent / "weights.safetensors").exists(), "the run is not finished"


def test_a_run_that_diverged_diverges_again_when_its_command_is_repeated(config, tmp_path, monkeypatch):
    """It resumes at a checkpoint after the loss has risen, which is as bad as before."""
    looked = LossWatch.look

    def rising(self, loss, step):
        looked(self, 0.5 if step < 3 else 2.0 + 0.01 * step, step)

    monkeypatch.setattr(LossWatch, "look", rising)
    monkeypatch.setattr("gpicl.metatraining.module._LOOK_EVERY", 1)
    monkeypatch.setattr("gpicl.metatraining.divergence._FIRST_LOOKS", 2)
    monkeypatch.setattr("gpicl.metatraining.divergence._MEMORY", 0.8)
    config = replace(config, training=replace(config.training, steps=40))
    with pytest.raises(DivergenceError) as first:
        meta_train(config, tmp_path)
    said: list[str] = []
    with pytest.raises(DivergenceError) as again:
        meta_train(config, tmp_path, said.append)
    assert "Resuming at step" in said[0]
    assert str(again.value) == str(first.value)


def test_a_finished_run_says_which_weights_it_reports_and_keeps_the_best_beside_them(config, tmp_path):
    run, _ = meta_train(config, tmp_path / "last")
    card = load_card(run.folder)
    assert card["reports"] == "last"
    assert card["best_step"] in (6, 12)
    assert load_card(run.folder / "best")["steps"] == card["best_step"]
    config.training.best = True
    run, _ = meta_train(config, tmp_path / "best")
    assert load_card(run.folder)["reports"] == "best"
