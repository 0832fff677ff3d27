"""A step that is taken as a whole, tasks included, is the step that Lightning takes; on a GPU it is a CUDA graph."""

import copy
import gc
import random
import weakref
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
import torch

from gpicl.errors import ConfigError, DivergenceError
from gpicl.learners import learner_class
from gpicl.metatraining import MetaTraining, meta_train
from gpicl.metatraining.captured_step import CapturedStep, Figures, StepPlan
from gpicl.metatraining.divergence import LossWatch
from gpicl.metatraining.randomness import host_randomness
from gpicl.tasks import Episodes, Interventions

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def weights_of(config, folder, **loop):
    config = copy.deepcopy(config)
    for name, value in loop.items():
        setattr(config.loop, name, value)
    run, learner = meta_train(config, folder)
    return learner.state_dict(), run


@pytest.fixture(
    params=[
        {},
        {"permutation_probability": 0.1, "repetition_probability": 0.5, "anneal_steps": 6, "first_repeated_images": 2},
        {"num_tasks": 8, "widen": {"spectrum": 0.5, "noise": 0.5, "label_noise": 0.5}},
    ],
    ids=["plain", "annealed", "widened"],
)
def tasks(request, config):
    for name, value in request.param.items():
        setattr(config.tasks, name, value)
    return config


def equal(first, second, **tolerance):
    for name, value in first.items():
        torch.testing.assert_close(value.cpu(), second[name].cpu(), msg=name, **tolerance)


@pytest.mark.parametrize(("optimiser", "atol"), [("adam", 1e-6), ("muon", 1e-5)])
def test_the_weights_are_those_of_steps_taken_one_operation_at_a_time(tasks, tmp_path, optimiser, atol, monkeypatch):
    # Iterations in bfloat16 would make much of a last bit.
    monkeypatch.setattr("gpicl.metatraining.muon.multiplies_in_bf16", lambda device: False)
    tasks.training.optimiser = optimiser
    eager, run = weights_of(tasks, tmp_path / "eager", capture=False)
    captured, other = weights_of(tasks, tmp_path / "captured", capture=True)
    equal(eager, captured, rtol=1e-5, atol=atol)
    assert run.folder.name == other.folder.name, "how steps are taken names no run"
    assert run.log.read_text().count("\n") == other.log.read_text().count("\n")


def test_a_learner_that_samples_its_positions_takes_the_same_samples(config, tmp_path, monkeypatch):
    monkeypatch.setattr("gpicl.metatraining.muon.multiplies_in_bf16", lambda device: False)
    config.learner.name, config.learner.options = "KernelSetTransformer", {"layers": 1, "width": 8, "class_width": 4}
    config.tasks.length, config.tasks.fewest_classes, config.training.steps = 30, 2, 5
    config.training.epsilon = 1e-3  # or Adam takes whole steps along gradients that are nothing but rounding
    equal(*(weights_of(config, tmp_path / str(c), capture=c)[0] for c in (False, True)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", [True, False])
def test_a_run_is_resumed_whichever_way_its_steps_were_taken(config, tmp_path, monkeypatch, first):
    monkeypatch.setattr("gpicl.metatraining.muon.multiplies_in_bf16", lambda device: False)
    whole, _ = weights_of(config, tmp_path / "whole", capture=not first)
    config.loop.capture = first
    run, _ = meta_train(config, tmp_path / "parts", max_steps=6)
    assert not run.finished
    parts, run = weights_of(config, tmp_path / "parts", capture=not first)
    assert run.finished
    equal(whole, parts, rtol=1e-5, atol=1e-5)


def test_episodes_that_repeat_more_images_than_they_have_positions_are_not_captured(config, tmp_path):
    config.tasks.repetition_probability, config.tasks.repeated_images = 1.0, 20
    equal(*(weights_of(config, tmp_path / str(c), capture=c)[0] for c in (False, True)), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("draw", "captures"),
    [
        (lambda learner: 0.0, True),
        (lambda learner: float(torch.rand(())), False),
        (lambda learner: random.random(), False),
        (lambda learner: np.random.random(), False),
        (lambda learner: learner.of_numpy.random(), False),
        (lambda learner: float(torch.rand((), generator=learner.of_torch)), False),
    ],
    ids=["none", "torch", "random", "numpy", "numpy's, its own", "torch's, its own"],
)
def test_a_step_with_random_numbers_from_the_host_is_not_captured(draw, captures):
    inputs, labels = torch.zeros(2, 3, 1), torch.zeros(2, 3, dtype=torch.long)
    learner, weight = torch.nn.Module(), torch.zeros((), requires_grad=True)
    learner.of_numpy, learner.of_torch = np.random.default_rng(0), torch.Generator()
    step = CapturedStep(
        batch=2,
        make=lambda draws, interventions: Episodes(inputs, labels),
        learn=lambda episodes, step: Figures((weight + draw(learner)) ** 2, torch.zeros(())),
        plan=lambda step: StepPlan((), Interventions()),
        optimiser=torch.optim.SGD([weight], lr=0.1),
        clip=0.0,
        device=torch.device("cpu"),
        randomness=partial(host_randomness, learner),
    )
    step._captures = True  # as on a GPU; nothing is captured before three steps
    with nullcontext() if captures else pytest.warns(UserWarning, match="random numbers on the CPU"):
        step.take(0)
    assert step._captures == captures


class Recording(torch.autograd.Function):
    """The identity; notes whether its gradient is computed under autocast."""

    under_autocast: ClassVar[list[bool]] = []

    @staticmethod
    def forward(x):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, gradient):
        Recording.under_autocast.append(torch.is_autocast_enabled("cpu"))
        return gradient


@pytest.mark.parametrize(("capture", "accumulate"), [(False, 1), (False, 2), (True, 1), (True, 2)])
def test_gradients_are_not_rounded_by_autocast(config, tmp_path, monkeypatch, capture, accumulate):
    """A gradient with a part in full precision, such as the state of a recurrence, needs all of it."""
    logits = learner_class(config.learner.name).training_logits

    def recorded(self, inputs, labels, step):
        given, asked = logits(self, inputs, labels, step)
        assert torch.is_autocast_enabled("cpu")
        return Recording.apply(given), asked

    monkeypatch.setattr(learner_class(config.learner.name), "training_logits", recorded)
    monkeypatch.setattr(Recording, "under_autocast", [])
    config.training = replace(config.training, precision="bf16", accumulate=accumulate, steps=3)
    weights_of(config, tmp_path, capture=capture)
    assert Recording.under_autocast == [False] * 3 * accumulate


@pytest.mark.parametrize("steps", [3, 8], ids=["finished", "diverged"])
def test_the_memory_of_graphs_is_free_when_a_run_has_ended(config, tmp_path, monkeypatch, steps):
    """Without waiting for Python to find cycles: the next run may need the memory at once."""
    made = []
    monkeypatch.setattr(MetaTraining, "_capture", lambda self: made.append(weakref.ref(s := capture(self))) or s)
    monkeypatch.setattr("gpicl.metatraining.module._LOOK_EVERY", 1)
    monkeypatch.setattr(
        LossWatch, "look", lambda self, loss, step: look(self, float("nan") if step > 5 else loss, step)
    )
    config.training, config.loop.capture = replace(config.training, steps=steps), True
    gc.disable()
    try:
        with nullcontext() if steps == 3 else pytest.raises(DivergenceError):
            meta_train(config, tmp_path)
        assert [reference() for reference in made] == [None]
    finally:
        gc.enable()


capture, look = MetaTraining._capture, LossWatch.look


class FailingGraph:
    """A graph that cannot be captured, because memory runs out in the middle of the step."""

    def __init__(self):
        self.pool = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        raise RuntimeError("CUDA error: out of memory\nand where")


def test_a_step_that_cannot_be_captured_is_repeated_with_the_memory_of_the_attempt_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: None)
    monkeypatch.setattr(torch.cuda, "graph", lambda graph, pool: FailingGraph())
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    inputs, labels = torch.zeros(2, 3, 1), torch.zeros(2, 3, dtype=torch.long)
    weight, held = torch.zeros((), requires_grad=True), []

    def learn(episodes, step):
        alive = [each for each in held if each() is not None]
        activations = torch.zeros(5)
        held.append(weakref.ref(activations))
        seen.append(len(alive))
        return Figures((weight + activations.sum()) ** 2, torch.zeros(()))

    seen = []
    step = CapturedStep(
        batch=2,
        make=lambda draws, interventions: Episodes(inputs, labels),
        learn=learn,
        plan=lambda step: StepPlan((), Interventions()),
        optimiser=torch.optim.SGD([weight], lr=0.1),
        clip=0.0,
        device=torch.device("cpu"),
    )
    step._captures = True  # as on a GPU
    for number in range(3):
        step.take(number)
    with pytest.warns(UserWarning, match=r"cannot be captured \(CUDA error: out of memory\)"):
        step.take(3)
    step.take(4)
    assert seen == [0] * 6, "three steps, the attempt, its repetition, and one more"


@GPU
@pytest.mark.parametrize("name", ["TokenTransformer", "KernelTransformer", "LSTM", "FastWeightMemory", "MAML", "VSML"])
def test_graphs_take_the_steps_of_every_learner(config, tmp_path, name, monkeypatch):
    monkeypatch.setattr("gpicl.metatraining.muon.multiplies_in_bf16", lambda device: False)
    config.learner.name, config.learner.options, config.training.steps = name, {}, 30
    config.training.epsilon = 1e-3  # or Adam takes whole steps along gradients that are only rounding
    equal(*(weights_of(config, tmp_path / str(c), capture=c)[0] for c in (False, True)), rtol=1e-2, atol=1e-3)


def test_compiling_is_refused_where_no_gpu_takes_the_steps(config, tmp_path):
    config.loop.compile, config.loop.accelerator = True, "cpu"
    with pytest.raises(ConfigError, match="captured on one GPU"):
        meta_train(config, tmp_path)


@GPU
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")
def test_a_compiled_learner_takes_the_same_steps(config, tmp_path):
    config.learner.name, config.learner.options = "TokenTransformer", {"layers": 1, "width": 16, "heads": 2}
    config.training.precision, config.training.optimiser = "fp32", "adam"
    config.training.epsilon = 1e-3
    equal(*(weights_of(config, tmp_path / str(c), compile=c)[0] for c in (False, True)), rtol=1e-4, atol=1e-5)
