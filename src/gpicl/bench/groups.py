"""What is measured: tasks, training steps, whole meta-training, meta-testing, the classifier."""

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from gpicl.bench.timing import FIRST_STEP, Figure, Session, Work, figure_of, step_flops
from gpicl.data import FeatureDataset, ImageDataset, preprocess
from gpicl.errors import UnknownNameError
from gpicl.learners import LEARNERS, Learner, build_learner
from gpicl.metatraining.config import DataConfig, LearnerConfig, RunConfig, TaskConfig, TrainingConfig
from gpicl.metatraining.loss import all_position_loss, late_accuracy
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.metatraining.placement import accelerator_of
from gpicl.metatraining.presets import load_preset
from gpicl.tasks import NO_INTERVENTION, Episodes, TaskAugmentor

CLASSES = 10
# Sizes of the published table of architectures; other learners use their defaults.
PUBLISHED_SIZES: dict[str, dict[str, Any]] = {
    "LSTM": {"hidden": 256},
    "OuterProductLSTM": {"hidden": 64},
    "FastWeightMemory": {"hidden": 64},
    "VSMLWithoutSymmetries": {"k": 8},
    "MAML": {"depth": 2, "width": 128},
    "SGD": {"depth": 0},
}
# Learners whose state is too large for a full batch: their batch is divided by this.
PARTS = {"VSML": 8, "MAML": 4}
_LARGE_BATCH = 4096


class Case(NamedTuple):
    """A learner of a certain size.

    Attributes:
        name: Name of the learner.
        options: Options of the learner.
        batch: Episodes per step.
        length: Examples per episode.
        num_features: Features of an input.
    """

    name: str
    options: dict[str, Any]
    batch: int
    length: int
    num_features: int

    def __str__(self) -> str:
        width = f", d = {self.options['width']}" if "heads" in self.options else ""
        return f"{self.name}{width}, B = {self.batch}"

    def build(self) -> Learner:
        """Build the learner for ten classes."""
        return build_learner(self.name, self.num_features, CLASSES, **self.options)


def cases(session: Session) -> list[Case]:
    """List every learner of the package, plus a wider token Transformer and, on a GPU, one with a large batch.

    Args:
        session: Provides the sizes.
    """
    scale = session.scale
    size, channels = scale.images[0]
    every = []
    for name in LEARNERS:
        own = PUBLISHED_SIZES.get(name, {})
        options = scale.transformer if name in ("TokenTransformer", "ValueTransformer") else own
        batch = max(1, scale.batch // PARTS.get(name, 1))
        case = Case(name, options, batch, scale.length, size * size * channels)
        every.append(case)
        if name == "TokenTransformer":
            every.append(case._replace(options=scale.wide))
            if session.captures:
                every.append(case._replace(options=scale.wide, batch=min(_LARGE_BATCH, scale.batch**2)))
    return every


def measure_steps(session: Session) -> Iterator[Figure]:
    """Time forward, backward and Adam's step on ready-made episodes; only forward if the learner has no parameters."""
    for case in cases(session):
        learner = case.build()
        flops = step_flops(learner, case.batch, case.length) if case.name.endswith("Transformer") else 0.0
        works: dict[Any, Work] = {(str(case), "eager"): training_step(case, session)}
        graph = captured_training_step(case, session) if session.captures else None
        if graph is not None:
            works[str(case), "graph"] = graph
        yield from session.measure("steps", works, case.batch * case.length, "tokens", flops)


def training_step(case: Case, session: Session) -> Work:
    """Return a function that takes a training step, one operation at a time.

    Args:
        case: The learner.
        session: Provides device and precision.
    """
    learner, episodes, optimiser = _step_parts(case, session)

    def step() -> None:
        with session.autocast():
            loss = all_position_loss(*learner.training_logits(*episodes, FIRST_STEP))
        if optimiser is not None:
            loss.backward()
            nn.utils.clip_grad_norm_(learner.parameters(), TrainingConfig().clip)
            optimiser.step()
            optimiser.zero_grad()

    return step


def captured_training_step(case: Case, session: Session) -> Work | None:
    """Return a function that takes the same step as one CUDA graph, as meta-training does; None if that fails.

    Args:
        case: The learner.
        session: Provides device and precision.
    """
    from gpicl.metatraining.captured_step import CapturedStep, Figures, StepPlan

    learner, episodes, optimiser = _step_parts(case, session)
    if optimiser is None:
        return captured(training_step(case, session))

    def learn(episodes: Episodes, _: int) -> Figures:
        with session.autocast():
            logits, labels = learner.training_logits(*episodes, FIRST_STEP)
            return Figures(all_position_loss(logits, labels), late_accuracy(logits, labels))

    plan = StepPlan("the same at every step", NO_INTERVENTION)
    step = CapturedStep(
        case.batch, lambda *_: episodes, learn, lambda _: plan, optimiser, TrainingConfig().clip, session.device
    )
    numbers = count()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(6):  # a step is captured after it has been taken a few times
            step.take(next(numbers))
    if any("cannot be captured" in str(warning.message) for warning in told):
        return None
    return lambda: step.take(next(numbers))


def _step_parts(case: Case, session: Session) -> tuple[Learner, Episodes, Optimizer | None]:
    learner = case.build().to(session.device).train()
    inputs = torch.randn(case.batch, case.length, case.num_features, device=session.device)
    labels = torch.randint(CLASSES, (case.batch, case.length), device=session.device)
    optimiser = build_optimiser(learner, TrainingConfig(optimiser="adam")) if learner.num_parameters else None
    return learner, Episodes(inputs, labels), optimiser


def captured(work: Work) -> Work:
    """Capture work as a CUDA graph.

    Args:
        work: Function that does the same operations on the same memory every time.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


# With finitely many tasks, each draws a matrix of N x N normals. If it has more than this many, use a few episodes.
_LARGE_MATRIX, _FEW = 2**22, {"cpu": 4, "cuda": 64}


def measure_tasks(session: Session) -> Iterator[Figure]:
    """Time batches of episodes: unlimited tasks, finitely many, and tasks widened as in the preset `flagship`."""
    scale = session.scale
    widen = load_preset("flagship").tasks.widen
    for size, channels in scale.images:
        dataset = random_images(size, channels)
        kinds: dict[str, dict[str, Any]] = {"unlimited": {}, "2^16 tasks": {"num_tasks": 2**16}}
        if (size, channels) == scale.images[0]:
            kinds["widened"] = {"widen": widen}
        for kind, options in kinds.items():
            tasks = TaskAugmentor(dataset, length=scale.length, device=session.device, **options)
            batches = [scale.batch, 16 * scale.batch] if session.captures else [scale.batch]
            if "num_tasks" in options and tasks.num_features**2 > _LARGE_MATRIX:
                batches = [_FEW[session.device.type]]
            for batch in batches:
                name = f"{size}x{size}x{channels}, {kind}, {batch} episodes"
                works: dict[Any, Work] = {(name, "eager"): _making(tasks, batch)}
                if session.captures:
                    draws = torch.arange(batch, device=session.device)
                    works[name, "graph"] = captured(partial(tasks.episodes, draws))
                yield from session.measure("tasks", works, batch, "episodes")


def _making(tasks: TaskAugmentor, batch: int) -> Work:
    """Return a function that generates a new batch of episodes at every call."""
    firsts = count(0, batch)
    return lambda: tasks.episodes(range(first := next(firsts), first + batch))


def random_images(size: int, channels: int) -> FeatureDataset:
    """Generate noise images in ten classes.

    Args:
        size: Height and width.
        channels: 1 or 3.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (2000, size, size, channels), dtype=np.uint8)
    return preprocess(ImageDataset.from_arrays(pixels, np.arange(2000) % CLASSES), size, channels)


def measure_training(session: Session) -> Iterator[Figure]:
    """Time the second half of short runs of `gpicl train` on `digits`, including tasks, loop and log."""
    size, channels = session.scale.images[0]
    data = DataConfig("digits", size=size, channels=channels)
    trained = [case for case in cases(session) if case.build().num_parameters]
    for case in trained[: session.scale.learners]:
        learner = LearnerConfig(case.name, case.options)
        training = TrainingConfig(batch=case.batch, optimiser="adam")
        yield _whole_step(str(case), RunConfig(data, TaskConfig(length=case.length), learner, training), session)
    for preset in ("quickstart", "flagship"):
        config = load_preset(preset)
        config = replace(config, data=data, tasks=replace(config.tasks, num_features=None))
        if session.scale.batch < config.training.batch // 2:  # a smoke test
            config.training.batch, config.tasks.length = session.scale.batch, session.scale.length
        yield _whole_step(f"the preset {preset}, B = {config.training.batch}", config, session)


def _whole_step(name: str, config: RunConfig, session: Session) -> Figure:
    # Lightning takes a second to import; the other groups and --help do not need it.
    from lightning import Callback

    from gpicl.metatraining import meta_train

    steps = session.scale.steps[session.captures]
    config = replace(
        config,
        training=replace(config.training, steps=steps, minutes=None, precision=session.kind),
        loop=replace(
            config.loop,
            accelerator=accelerator_of(session.device),
            progress=False,
            validate_every=10 * steps,
            checkpoint_every=10 * steps,
        ),
    )

    class SecondHalf(Callback):
        """Times the second half of the steps."""

        def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
            if trainer.global_step in (steps // 2, steps - 1):
                session.wait()
                times.append(time.perf_counter())

    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        meta_train(config, folder, callbacks=[SecondHalf()])
    taken = (times[1] - times[0]) / (steps - 1 - steps // 2)
    count = config.training.batch * config.tasks.length
    return figure_of("training", name, [taken], "graph" if session.captures else "eager", count, "tokens")


def measure_metatest(session: Session) -> Iterator[Figure]:
    """Time `evaluate` on unseen tasks of the smallest images, including the generation of tasks."""
    from gpicl.metatesting import evaluate

    scale = session.scale
    dataset = {"images": random_images(*scale.images[0])}
    batch = 2 * scale.batch  # twice as many fit without gradients
    episodes = (16 if session.captures else 2) * batch
    for case in cases(session):
        if case.name in ("KernelTransformer", "ValueTransformer", "TokenTransformer") and case.options != scale.wide:
            test = partial(
                evaluate,
                case.build().to(session.device),
                dataset,
                episodes=episodes,
                length=case.length,
                batch=batch,
                precision=session.kind,
            )
            yield from session.measure("metatest", {(case.name, "eager"): test}, episodes, "episodes")


_FEATURES = 64


def measure_classifier(session: Session) -> Iterator[Figure]:
    """Time fitting, one query and many queries, warmed up, next to scikit-learn's support-vector machine."""
    from sklearn.svm import SVC

    from gpicl.classifier import InContextClassifier

    random = np.random.default_rng(0)
    y = np.arange(session.scale.examples) % CLASSES
    X = random.normal(size=(CLASSES, _FEATURES))[y] + random.normal(size=(len(y), _FEATURES))
    queries = random.normal(size=(session.scale.queries, _FEATURES))
    classifiers: dict[str, Any] = {
        "4 members": InContextClassifier(),
        "1 member": InContextClassifier(n_estimators=1),
        "SVC(C=10)": SVC(C=10.0),
    }
    for name, classifier in classifiers.items():
        predict = getattr(classifier.fit(X, y), "predict_proba", classifier.predict)
        for what, work, number in (
            (f"fit {len(X)} rows", partial(classifier.fit, X, y), 0),
            ("one query", partial(predict, queries[:1]), 0),
            (f"{len(queries):,} queries", partial(predict, queries), len(queries)),
        ):
            works: dict[Any, Work] = {(f"{name}, {what}", "eager"): work}
            yield from session.measure("classifier", works, number, "queries", as_in_training=False)


GROUPS: dict[str, tuple[str, Callable[[Session], Iterator[Figure]]]] = {
    "tasks": ("Making a batch of tasks", measure_tasks),
    "steps": ("A training step of every learner", measure_steps),
    "training": ("A step of gpicl train, including tasks, loop and log", measure_training),
    "metatest": ("Meta-testing", measure_metatest),
    "classifier": ("The classifier, and a support-vector machine", measure_classifier),
}
"""Groups of figures by name: a title, and a function that yields the figures."""


def chosen_groups(only: str | None) -> list[str]:
    """List the named groups in the order of `GROUPS`.

    Args:
        only: Names separated by commas; None for all.

    Raises:
        UnknownNameError: If a group is unknown.
    """
    names = list(GROUPS) if only is None else [name.strip() for name in only.split(",")]
    for name in names:
        if name not in GROUPS:
            raise UnknownNameError("group of figures", name, GROUPS)
    return [name for name in GROUPS if name in names]
