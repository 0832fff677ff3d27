"""Weight decay, schedules, accumulation and averaged weights: off unless given, exact when resumed."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from lightning import Callback, Trainer

from gpicl.errors import ConfigError
from gpicl.learners import build_learner
from gpicl.metatraining import EpisodeDataModule, MetaTraining, Run, TaskConfig, TrainingConfig, meta_train
from gpicl.metatraining.averaging import AveragedWeights
from gpicl.metatraining.budget import Budget
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.tasks import TaskAugmentor

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
SETTINGS = {
    "weight_decay": {"weight_decay": 3.0},
    "cosine": {"decay": "cosine"},
    "accumulate": {"accumulate": 2},
    "average": {"average": 0.9},
    "all": {"weight_decay": 3.0, "decay": "cosine", "accumulate": 4, "average": 0.9},
}
every_setting = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


@pytest.fixture(autouse=True)
def muon_in_float32(monkeypatch):
    """Iterations in bfloat16 would make much of a last bit."""
    monkeypatch.setattr("gpicl.metatraining.muon.multiplies_in_bf16", lambda device: False)


def weights_of(config, folder, settings=None, **loop):
    config = copy.deepcopy(config)
    config.training = replace(config.training, **(settings or {}))
    config.loop = replace(config.loop, **loop)
    return meta_train(config, folder)[1].state_dict()


def differs(first, second):
    return any(not torch.equal(first[name].cpu(), second[name].cpu()) for name in first)


def close(first, second, **tolerance):
    for name, value in first.items():
        torch.testing.assert_close(value.cpu(), second[name].cpu(), msg=name, **tolerance)


@every_setting
def test_a_run_with_a_setting_is_another_run_and_resumes_to_the_bit(config, tmp_path, settings):
    plain = Run(config, tmp_path).folder
    config.training = replace(config.training, **settings)
    assert Run(config, tmp_path).folder != plain
    whole, _ = meta_train(config, tmp_path / "whole")
    for steps in (3, 7):  # before and after the first measurement
        part, _ = meta_train(config, tmp_path / "parts", max_steps=steps)
        assert not part.finished
    parts, _ = meta_train(config, tmp_path / "parts")
    assert (parts.folder / "weights.safetensors").read_bytes() == (whole.folder / "weights.safetensors").read_bytes()
    card, other = (json.loads((run.folder / "weights.json").read_text()) for run in (whole, parts))
    assert card["unseen_accuracy"] == other["unseen_accuracy"]


@every_setting
@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_whole_steps_do_what_steps_in_pieces_do(config, tmp_path, settings, optimiser):
    config.training = replace(config.training, optimiser=optimiser)
    eager = weights_of(config, tmp_path / "eager", settings, capture=False)
    close(eager, weights_of(config, tmp_path / "whole", settings, capture=True), rtol=1e-5, atol=1e-5)
    if settings != SETTINGS["accumulate"]:  # which changes nothing but the memory
        assert differs(eager, weights_of(config, tmp_path / "plain"))


@GPU
@every_setting
def test_cuda_graphs_take_the_same_steps(config, tmp_path, settings):
    config.training = replace(config.training, steps=30)
    eager = weights_of(config, tmp_path / "eager", settings, capture=False)
    close(eager, weights_of(config, tmp_path / "graphs", settings, capture=True), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("capture", [False, True])
@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_read_in_parts_gives_the_step_of_the_whole_batch(config, tmp_path, capture, parts):
    config.training = replace(config.training, epsilon=1e-3)  # or Adam takes whole steps along rounding
    whole = weights_of(config, tmp_path / "whole", capture=capture)
    close(whole, weights_of(config, tmp_path / "parts", {"accumulate": parts}, capture=capture), rtol=1e-4, atol=1e-5)
    logs = [next((tmp_path / name).glob("*/metrics.csv")).read_text().splitlines() for name in ("whole", "parts")]
    for first, second in zip(*logs, strict=True):
        numbers = [[part for i, part in enumerate(row.split(",")) if i != 1] for row in (first, second)]
        if first != logs[0][0]:
            assert [float(n) for n in numbers[0] if n] == pytest.approx([float(n) for n in numbers[1] if n], abs=1e-4)


def test_in_bfloat16_too_and_less_is_held_at_once(config, tmp_path, monkeypatch):
    sizes = []
    learner = build_learner("ValueTransformer", 4, 3, layers=1, width=8, heads=1, key_size=8)
    read = type(learner).training_logits

    def watched(self, inputs, labels, step):
        sizes.append(len(labels))
        return read(self, inputs, labels, step)

    config.training = replace(config.training, precision="bf16", epsilon=1e-2, steps=4, clip=0.1)
    whole = weights_of(config, tmp_path / "whole")
    monkeypatch.setattr(type(learner), "training_logits", watched)
    close(whole, weights_of(config, tmp_path / "parts", {"accumulate": 4}), rtol=2e-2, atol=2e-3)
    assert set(sizes) == {1}


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_weight_decay_shrinks_the_matrices_that_adam_has_and_nothing_else(optimiser):
    learner = build_learner("TokenTransformer", 6, 3, layers=1, width=8, heads=1, key_size=8)
    before = copy.deepcopy(learner.state_dict())
    config = TrainingConfig(optimiser=optimiser, learning_rate=0.01, weight_decay=2.0)
    step = build_optimiser(learner, config)
    muons = {id(p) for o in getattr(step, "optimisers", [])[:1] for g in o.param_groups for p in g["params"]}
    for parameter in learner.parameters():
        parameter.grad = torch.zeros_like(parameter)  # so that decay is all that moves anything
    step.step()
    for name, parameter in learner.named_parameters():
        expected = before[name] * (0.98 if parameter.ndim >= 2 and id(parameter) not in muons else 1.0)
        torch.testing.assert_close(parameter.detach(), expected, msg=name)


def test_a_cosine_falls_from_one_to_zero_slowly_at_both_ends():
    budget = Budget(TrainingConfig(steps=100, warmup=0, decay="cosine"))
    factors = [budget.learning_rate_factor(step, budget.progress(step)) for step in range(101)]
    assert factors[0] == 1.0
    assert factors[50] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0.0)
    assert factors == sorted(factors, reverse=True)
    assert factors[0] - factors[10] < 0.03
    assert factors[90] - factors[100] < 0.03


def test_an_average_is_the_exponential_moving_average():
    layer = torch.nn.BatchNorm1d(2)
    average = AveragedWeights(layer, 0.75)
    expected = None
    for step in range(1, 40):
        with torch.no_grad():
            layer.weight.copy_(torch.randn(2))
            layer.num_batches_tracked += 1
        share = min(0.75, (1 + step) / (10 + step))
        own = layer.weight.detach().clone()
        expected = own if expected is None else share * expected + (1 - share) * own
        average.update()
    average.show(True)
    torch.testing.assert_close(layer.weight.detach(), expected)
    assert layer.num_batches_tracked == 39
    average.show(True)
    average.show(False)
    assert torch.equal(layer.weight.detach(), own)


def test_averaged_weights_are_what_is_measured_reported_and_saved(config, tmp_path):
    seen = {}

    class Watch(Callback):
        def on_validation_end(self, trainer, module):
            seen["measured"] = {name: t.clone() for name, t in module.learner.state_dict().items()}

        def on_train_batch_end(self, trainer, module, *arguments):
            seen["trained"] = {name: t.clone() for name, t in module.learner.state_dict().items()}

    config.training = replace(config.training, average=0.9)
    _, learner = meta_train(config, tmp_path, callbacks=[Watch()])
    assert not differs(learner.state_dict(), seen["measured"])
    assert differs(learner.state_dict(), seen["trained"])
    config.training = replace(config.training, average=0.0)
    close(seen["trained"], meta_train(config, tmp_path)[1].state_dict(), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:GPU available but not used")
def test_any_trainer_ends_with_the_average(features):
    tasks = TaskAugmentor(features, length=12)
    learner = build_learner("ValueTransformer", 36, 4, layers=1, width=16, heads=1, key_size=8)
    module = MetaTraining(learner, TrainingConfig(steps=3, batch=4, average=0.5, precision="fp32"))
    trainer = Trainer(
        max_steps=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, EpisodeDataModule(tasks, tasks, TaskConfig(length=12), batch=4, validation_episodes=4))
    checkpoint = trainer._checkpoint_connector.dump_checkpoint()
    close(checkpoint["state_dict"], {f"learner.{n}": t for n, t in learner.state_dict().items()}, rtol=0, atol=0)
    assert differs(checkpoint["average"]["weights"], learner.state_dict())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight_decay": -0.1}, "weight_decay must be 0"),
        ({"weight_decay": float("inf")}, "weight_decay must be 0"),
        ({"matrix_weight_decay": 60.0}, r"matrix_weight_decay must be .* below 50"),
        ({"average": 1.0}, "average must be 0"),
        ({"average": float("nan")}, "average must be 0"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"batch": 6, "accumulate": 4}, "a multiple of training.accumulate"),
        ({"first_step": -1}, "first_step must be at least 0"),
        ({"first_step": 2**62}, r"There are 2\^63 episodes"),
        ({"steps": 10**30}, r"There are 2\^63 episodes"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**settings)
