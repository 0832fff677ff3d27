"""Meta-training does what it says: it learns, keeps to its budget, and writes a complete folder."""

import json

import pandas as pd
import pytest
import torch
import yaml
from lightning import Trainer

from gpicl.errors import CheckpointError, ConfigError, GpiclError, LearnerError, TaskError
from gpicl.learners import build_learner
from gpicl.metatesting import evaluate
from gpicl.metatraining import (
    EpisodeDataModule,
    MetaTraining,
    Run,
    RunConfig,
    TaskConfig,
    TrainingConfig,
    list_presets,
    load_preset,
    meta_train,
    preset_path,
)
from gpicl.metatraining.budget import Budget
from gpicl.metatraining.optimisers import Chained, build_optimiser, hidden_matrices
from gpicl.tasks import TaskAugmentor


def test_a_learner_learns_to_learn(features):
    """Untrained it is little better than guessing among four classes; seconds later it solves unseen tasks."""
    torch.manual_seed(0)
    learner = build_learner("ValueTransformer", 36, 4, layers=2, width=32, heads=2, key_size=16)
    before = late(evaluate(learner, {"patterns": features}, episodes=64, length=40, precision="fp32"))
    config = TrainingConfig(steps=60, batch=16, precision="fp32")
    tasks = TaskAugmentor(features, length=40)
    data = EpisodeDataModule(tasks, tasks, TaskConfig(length=40), batch=16)
    trainer = Trainer(
        max_steps=60, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(MetaTraining(learner, config), data)
    after = late(evaluate(learner, {"patterns": features}, episodes=64, length=40, precision="fp32"))
    assert before < 0.5
    assert after > max(0.75, before + 0.25)


def late(table):
    return table[table["position"] > 30]["accuracy"].mean()


def test_a_runs_folder_holds_all_that_made_it(config, tmp_path):
    run, learner = meta_train(config, tmp_path)
    assert not learner.training
    assert {p.name for p in run.folder.iterdir()} >= {
        "config.yaml",
        "metrics.csv",
        "weights.safetensors",
        "weights.json",
    }
    assert not run.checkpoint.exists()
    saved = yaml.safe_load((run.folder / "config.yaml").read_text())
    assert saved["training"]["steps"] == 12
    card = json.loads((run.folder / "weights.json").read_text())
    assert card["steps"] == 12
    assert card["meta_training"]["data"]["dataset"] == "digits"
    log = pd.read_csv(run.log)
    assert log["step"].tolist() == list(range(1, 13))
    assert log["unseen_accuracy"].notna().sum() == 2


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(config, tmp_path):
    first = meta_train(config, tmp_path / "a")[1].state_dict()
    torch.manual_seed(123)
    again = meta_train(config, tmp_path / "b")[1].state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    config.training.seed = 1
    other = meta_train(config, tmp_path / "c")[1].state_dict()
    assert not all(torch.equal(first[name], other[name]) for name in first)


class Clock:
    """Stands in for `time`: every look at it takes a hundredth of a second, however busy the machine is."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.01
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("gpicl.metatraining.budget.time", clock)
    return clock


def test_a_budget_in_minutes_ends_in_time(config, tmp_path, clock):
    config.training = TrainingConfig(minutes=0.05, batch=4, precision="fp32")
    run, _ = meta_train(config, tmp_path)
    card = json.loads((run.folder / "weights.json").read_text())
    assert card["steps"] > 1
    assert card["seconds"] >= 3.0
    assert 3.0 <= clock.seconds <= 3.0 + 0.5, "no step is begun after the time is over"


def test_a_resumed_run_has_the_minutes_that_are_left(config, tmp_path, clock):
    config.training = TrainingConfig(minutes=0.05, batch=4, precision="fp32", warmup=0, decay="linear")
    stopped, _ = meta_train(config, tmp_path, max_steps=3)
    spent = torch.load(stopped.checkpoint, weights_only=True)["seconds"]
    clock.seconds = 0.0
    run, _ = meta_train(config, tmp_path)
    assert 3.0 - spent <= clock.seconds <= 3.0 - spent + 0.5
    assert 3.0 <= json.loads((run.folder / "weights.json").read_text())["seconds"] <= 3.5


def test_a_run_ends_when_its_steps_or_its_minutes_are_used_up(config, tmp_path, clock):
    config.training = TrainingConfig(steps=3, minutes=60.0, batch=4, precision="fp32")
    run, _ = meta_train(config, tmp_path)
    assert json.loads((run.folder / "weights.json").read_text())["steps"] == 3
    config.training = TrainingConfig(steps=10**6, minutes=0.03, batch=4, precision="fp32")
    run, _ = meta_train(config, tmp_path)
    assert 1 < json.loads((run.folder / "weights.json").read_text())["steps"] < 10**6


def test_the_learning_rate_follows_what_is_nearer_to_its_end(monkeypatch):
    budget = Budget(TrainingConfig(steps=100, minutes=1.0))
    monkeypatch.setattr(Budget, "seconds", property(lambda self: 30.0))
    assert [budget.progress(step) for step in (0, 50, 80, 100)] == [0.5, 0.5, 0.8, 1.0]


def test_the_learning_rate_rises_then_falls_to_zero():
    budget = Budget(TrainingConfig(steps=100, warmup=10))
    factors = [budget.learning_rate_factor(step, budget.progress(step)) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9]
    assert factors[100] == 0
    constant = Budget(TrainingConfig(steps=100, warmup=0, decay="constant"))
    assert {constant.learning_rate_factor(step, constant.progress(step)) for step in range(101)} == {1.0}


def test_muon_gets_the_hidden_matrices_and_adam_all_else():
    learner = build_learner("ValueTransformer", 6, 3, layers=2, width=8, heads=1, key_size=8)
    matrices = hidden_matrices(learner)
    assert len(matrices) == 2 * 6
    optimiser = build_optimiser(learner, TrainingConfig())
    assert isinstance(optimiser, Chained)
    owned = [p for group in optimiser.param_groups for p in group["params"]]
    assert {id(p) for p in owned} == {id(p) for p in learner.parameters()}
    assert len(owned) == len(list(learner.parameters()))


def test_muon_gets_the_matrices_of_an_lstm_and_not_its_biases():
    learner = build_learner("LSTM", 6, 3, hidden=8)
    shapes = [tuple(matrix.shape) for matrix in hidden_matrices(learner)]
    assert sorted(shapes) == sorted([(8, 9), (8, 8), (32, 8), (32, 8)])


def test_chained_optimisers_step_save_and_load_as_one():
    def trained(optimiser_of, state=None):
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        optimiser = optimiser_of(layer)
        if state is not None:
            optimiser.load_state_dict(state)
        for step in range(4):
            optimiser.param_groups[0]["lr"] = 0.1 / (step + 1)
            layer(torch.ones(3)).square().sum().backward()
            optimiser.step()
            optimiser.zero_grad()
        return layer, optimiser

    def chained(layer):
        return Chained(torch.optim.SGD([layer.weight], 0.1, momentum=0.9), torch.optim.Adam([layer.bias], 0.01))

    layer, optimiser = trained(chained)
    state = optimiser.state_dict()
    resumed, _ = trained(chained, state)
    fresh, _ = trained(chained)
    assert torch.equal(fresh.weight, layer.weight)
    assert not torch.equal(resumed.weight, layer.weight), "momentum was restored"


@pytest.mark.parametrize("name", list_presets())
def test_presets_are_valid_configurations(name):
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(RunConfig)
    parser.instantiate(parser.parse_path(str(preset_path(name))))
    loaded = load_preset(name)
    build_learner(loaded.learner.name, loaded.tasks.num_features or 196, 10, **loaded.learner.options)


@pytest.mark.parametrize(
    ("part", "setting", "value", "error", "message"),
    [
        ("learner", "name", "ValueTransfomer", GpiclError, "Did you mean 'ValueTransformer'"),
        ("data", "dataset", "digit", GpiclError, "digits"),
        ("tasks", "num_tasks", 0, TaskError, "not 0"),
        ("tasks", "length", 1, TaskError, "at least 2"),
        ("tasks", "permutation_probability", 2.0, TaskError, "from 0 to 1"),
        ("tasks", "anneal_steps", -1, TaskError, "anneal_steps"),
        ("tasks", "first_repeated_images", 0, TaskError, "first_repeated_images must be at least 1"),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_written(config, tmp_path, part, setting, value, error, message):
    setattr(getattr(config, part), setting, value)
    with pytest.raises(error, match=message):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_episodes_longer_than_the_learners_positions_are_refused_before_anything_is_written(config, tmp_path):
    config.learner.name = "TokenTransformer"
    config.learner.options["max_length"] = 10
    with pytest.raises(LearnerError, match="max_length=12"):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"minutes": 0.0}, "minutes must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"clip": -1.0}, "clip must be 0"),
    ],
)
def test_impossible_training_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**settings)


def test_an_unwritable_folder_is_refused(config, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"Cannot write to the folder.*--output"):
        meta_train(config, tmp_path / "file" / "runs")


def test_a_truncated_checkpoint_is_explained(config, tmp_path):
    run = Run(config, tmp_path)
    run.create()
    run.checkpoint.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CheckpointError, match=r"damaged.*Delete"):
        meta_train(config, tmp_path)


def test_a_checkpoint_of_another_learner_is_explained(config, tmp_path):
    run = Run(config, tmp_path)
    run.create()
    torch.save({"global_step": 3, "state_dict": {"learner.weight": torch.zeros(2)}}, run.checkpoint)
    with pytest.raises(CheckpointError, match=r"another learner.*Delete"):
        meta_train(config, tmp_path)


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_by_their_norm(features, optimiser, precision):
    learner = build_learner("ValueTransformer", 36, 4, layers=1, width=16, heads=1, key_size=8)
    norms = []

    class Watched(MetaTraining):
        def optimizer_zero_grad(self, epoch, batch_idx, optimizer):
            norms.append(torch.nn.utils.get_total_norm([p.grad for p in learner.parameters() if p.grad is not None]))
            optimizer.zero_grad()

    tasks = TaskAugmentor(features, length=12)
    trainer = Trainer(
        max_steps=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, precision=precision, gradient_clip_val=1e-3,
    )  # fmt: skip
    data = EpisodeDataModule(tasks, tasks, TaskConfig(length=12), batch=4)
    trainer.fit(Watched(learner, TrainingConfig(steps=3, batch=4, optimiser=optimiser)), data)
    assert [float(norm) for norm in norms[1:]] == pytest.approx([1e-3, 1e-3], rel=1e-3)
