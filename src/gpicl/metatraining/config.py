"""The configuration of a run."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gpicl.errors import ConfigError

_DEFAULT_STEPS = 1000


@dataclass
class DataConfig:
    """The data that tasks are made from.

    Args:
        dataset: Name of a data set (see `gpicl datasets`); or the path of a file or folder of images, or of an archive
            (.npz) of frozen features [N, F] with their labels; or `none` for invented tasks only, which requires
            `tasks.widen.invention`, `tasks.num_features` and `tasks.num_classes`.
        root: Folder that holds the files of a named data set; null looks in the cache, then downloads.
        size: Height and width to resize images to; null keeps the images' own.
        channels: 1 for grey, 3 for colour; null keeps the images' own.
        validation: Share of the training images of every class that is held out for validation during training. With 0,
            all images are used for both training and validation. Test images are never used for validation, unless the
            data set has only one split.
    """

    dataset: str = "mnist_5k"
    root: str | None = None
    size: int | None = 14
    channels: int | None = 1
    validation: float = 0.1

    def __post_init__(self) -> None:
        """Reject shares that leave too little to train on."""
        if not 0 <= self.validation <= 0.5:
            raise ConfigError(f"data.validation must be from 0 to 0.5, not {self.validation}.")


@dataclass
class TaskConfig:
    """The task distribution.

    Args:
        num_tasks: Number K of seen tasks; null for an unlimited number of new ones.
        length: Number T of examples per episode.
        num_features: Number F of features of projected inputs; null for as many as the images have pixels.
        num_classes: Number C of labels of a task; null for as many as the data set has classes.
        fewest_classes: Smallest number of labels of a task. The number varies from step to step, from this to
            `num_classes`; null for always `num_classes`. Only for learners that read any number of classes.
        widen: Probability that a task is widened, by the name of the widening: merging, spectrum, invention, table,
            distraction, bending, noise, label_noise, or the import path of your own. Instead of a probability, you can
            give a mapping with `probability` and the options of the widening's class.
        permutation_probability: Probability p that a task permutes its labels: 0.1 is "90 % biased" (paper, section
            4.4), 1 is no intervention.
        repetition_probability: Probability that an episode repeats a few images throughout, which teaches a learner to
            use its context before it can generalise; 0 is no intervention.
        repeated_images: Number of images that such an episode repeats.
        first_repeated_images: Their number at the first step, which changes to `repeated_images` during the annealing;
            null for no change. An LSTM can start with two.
        anneal_steps: Steps over which the interventions fade: p rises to 1, and the probability of repetition falls to
            0. 0 keeps both constant.
    """

    num_tasks: int | None = None
    length: int = 100
    num_features: int | None = None
    num_classes: int | None = None
    fewest_classes: int | None = None
    widen: dict[str, Any] = field(default_factory=dict)
    permutation_probability: float = 1.0
    repetition_probability: float = 0.0
    repeated_images: int = 10
    first_repeated_images: int | None = None
    anneal_steps: int = 0


@dataclass
class LearnerConfig:
    """The learner.

    Args:
        name: Name of a learner, or the import path of your own, my_package.MyLearner.
        options: Arguments of its constructor other than num_features and num_classes.
    """

    name: str = "ValueTransformer"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class PluginConfig:
    """A class of Lightning, or your own, by its import path.

    Args:
        name: Import path of the class, such as lightning.pytorch.callbacks.LearningRateMonitor.
        options: Arguments of its constructor.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TrainingConfig:
    """How the learner is meta-trained. Give `steps` for a reproducible run, or `minutes` for one of fixed time.

    Args:
        steps: Number of steps; null if `minutes` decides, or 1000 if that is null too.
        minutes: Wall-clock budget, including the time before a resumption; null for no limit. If `steps` is given too,
            the first limit reached ends the run, and the learning rate follows the one that is closer to its end.
        batch: Episodes per step, over all devices.
        accumulate: Number of parts in which a step processes its batch, one after another, to save memory. Gradients
            are summed, so the step is that of the whole batch. 1 processes the batch at once.
        optimiser: `muon` (hidden matrices; Adam for all other parameters) or `adam`.
        learning_rate: Adam's learning rate.
        matrix_learning_rate: Muon's learning rate.
        weight_decay: Adam's decoupled weight decay (AdamW), applied only to matrices, not to biases, gains and scalars.
        matrix_weight_decay: Muon's decoupled weight decay; 1 keeps the size of the matrices steady in long runs.
        epsilon: Adam's epsilon.
        warmup: Steps over which the learning rates rise.
        decay: How the learning rates fall to zero by the end of the budget: `linear`, or as half a `cosine`; `constant`
            rates do not fall.
        average: Share of the past in an exponential moving average of the weights, such as 0.999. The averaged weights
            are then measured, reported and saved. 0 disables averaging.
        clip: Largest norm of the gradient; 0 for no clipping.
        precision: `auto` (bfloat16 if the device gains from it), `bf16` (always) or `fp32` (never).
        seed: Seed of the weights and of the tasks.
        first_step: Number of the first step. A step's number determines its episodes, so a run that starts where
            another run with the same seed ended sees only new episodes. `init` continues after the last step of the
            initial weights.
        patience: Number of consecutive validations without a better `metric` after which training ends; null trains
            for the whole budget.
        best: Keep the weights of the validation with the best `metric` instead of the last ones.
        metric: Metric for `patience` and `best`, measured on unseen tasks of validation images.
        callbacks: Lightning callbacks by import path. They can change the weights, so they are part of the run's name.
    """

    steps: int | None = None
    minutes: float | None = None
    batch: int = 64
    accumulate: int = 1
    optimiser: Literal["muon", "adam"] = "muon"
    learning_rate: float = 0.001
    matrix_learning_rate: float = 0.02
    weight_decay: float = 0.0
    matrix_weight_decay: float = 0.0
    epsilon: float = 1e-8
    warmup: int = 20
    decay: Literal["linear", "constant", "cosine"] = "linear"
    average: float = 0.0
    clip: float = 1.0
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: int = 0
    first_step: int | Literal["init"] = 0
    patience: int | None = None
    best: bool = False
    metric: Literal["unseen_accuracy", "unseen_loss"] = "unseen_accuracy"
    callbacks: list[PluginConfig] = field(default_factory=list)

    @property
    def chooses(self) -> bool:
        """Whether validation decides which weights the run ends with."""
        return self.best or self.patience is not None

    @property
    def max_steps(self) -> int | None:
        """Number of steps, or None if the clock decides."""
        return _DEFAULT_STEPS if self.steps is None and self.minutes is None else self.steps

    @property
    def first_number(self) -> int:
        """Number of the first step.

        Raises:
            ConfigError: If it is `init`, which only a run with initial weights can resolve.
        """
        if isinstance(self.first_step, str):
            raise ConfigError("training.first_step=init needs a run with initial weights. Give a number.")
        return self.first_step

    def __post_init__(self) -> None:
        """Reject values that would fail later."""
        least_of = {"steps": 1, "batch": 1, "accumulate": 1, "warmup": 0, "seed": 0, "first_step": 0, "patience": 1}
        for name, least in least_of.items():
            value = getattr(self, name)
            if value is not None and value != "init" and value < least:
                raise ConfigError(f"training.{name} must be at least {least}, not {value}.")
        first = 0 if isinstance(self.first_step, str) else self.first_step
        if (first + (self.max_steps or 0) + 1) * self.batch >= 2**63:
            raise ConfigError(
                f"There are 2^63 episodes, fewer than first_step={self.first_step}, steps={self.steps} "
                f"and batch={self.batch} of training need. Choose smaller values."
            )
        if self.batch % self.accumulate:
            raise ConfigError(
                f"A batch of {self.batch} episodes cannot be divided into {self.accumulate} equal parts. Choose "
                "training.batch as a multiple of training.accumulate."
            )
        for name in ("minutes", "learning_rate", "matrix_learning_rate", "epsilon"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"training.{name} must be above 0 and finite, not {value}.")
        if not self.clip >= 0:  # rejects NaN too
            raise ConfigError(f"training.clip must be 0 (no clipping) or more, not {self.clip}.")
        for name in ("weight_decay", "matrix_weight_decay"):
            value, rate = getattr(self, name), self.matrix_learning_rate if "matrix" in name else self.learning_rate
            if not 0 <= value * rate < 1:
                raise ConfigError(
                    f"training.{name} must be 0 (none) or more, and below {1 / rate:g}, at which a step would set the "
                    f"weights to zero; not {value}."
                )
        if not 0 <= self.average < 1:
            raise ConfigError(f"training.average must be 0 (no average) or more, and below 1, not {self.average}.")


@dataclass
class TestingConfig:
    """The data sets and tasks on which a finished run is meta-tested.

    Args:
        datasets: Names or paths; NAME=PATH gives the file a name of your own.
        tasks: Kinds of tasks: unseen, seen (of a finite number), identity (the raw data set).
        episodes: Number of episodes per data set and kind of task.
        num_features: Number of features of the projected inputs; null for as many as in meta-training. Other numbers
            are only for learners that read any, such as VSML, which meta-trains several times faster on narrow inputs.
        length: Number of examples per episode; null for as many as in meta-training.
        positions: Positions to report, from 1 to the length; null for all. A learner that reads the context again for
            every position, such as KernelSetTransformer, needs one pass for each.
        size: Height and width to resize images to; null for that of meta-training.
        channels: 1 for grey, 3 for colour; null for that of meta-training.
        seed: Seed of the unseen tasks, their labels and examples; null for the seed of the run, so that runs with
            different seeds are tested on different episodes.
        outcomes: Save which episodes were answered correctly, in the folder `outcomes`, for paired comparisons.
    """

    __test__ = False  # pytest would take the class for a test

    datasets: list[str] = field(default_factory=lambda: ["mnist_5k", "digits", "mnist1d", "random"])
    tasks: list[Literal["seen", "unseen", "identity"]] = field(default_factory=lambda: ["unseen"])
    episodes: int = 4096
    num_features: int | None = None
    length: int | None = None
    positions: list[int] | None = None
    size: int | None = None
    channels: int | None = None
    seed: int | None = None
    outcomes: bool = False

    def __post_init__(self) -> None:
        """Reject values that would fail only after hours of meta-training."""
        for name, least in (("num_features", 1), ("length", 2), ("size", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"testing.{name} must be at least {least}, not {value}.")
        if self.seed is not None and self.seed >= 2**63:
            raise ConfigError(f"testing.seed must be below 2^63, not {self.seed}.")
        if self.channels not in (None, 1, 3):
            raise ConfigError(f"testing.channels must be 1 (grey) or 3 (colour), not {self.channels}.")
        if self.positions is not None and not (self.positions and min(self.positions) >= 1):
            raise ConfigError(f"testing.positions must list positions from 1 on, not {self.positions}.")
        if self.episodes < 2:
            raise ConfigError(
                f"testing.episodes must be at least 2, not {self.episodes}: a confidence interval needs two."
            )

    def positions_of(self, length: int) -> list[int]:
        """Return the positions to report for episodes of this length.

        Raises:
            ConfigError: If a position is beyond the length.
        """
        positions = sorted(set(self.positions)) if self.positions else list(range(1, length + 1))
        if positions and positions[-1] > length:
            raise ConfigError(
                f"testing.positions has position {positions[-1]}, but episodes have only {length} examples."
            )
        return positions


@dataclass
class LoopConfig:
    """How the training loop runs. These settings change results at most by rounding, so they do not name the run.

    There are two exceptions. With `training.best` or `training.patience`, `validate_every` and `validation_episodes`
    decide which weights are kept, and name the run. A learner that draws random numbers in training draws others with
    another number of `devices`.

    Args:
        devices: Number of processes or accelerators.
        accelerator: Lightning's name of the hardware: auto, cpu, gpu; or one GPU, such as cuda:1. --device sets it.
        checkpoint_every: Steps between checkpoints, and so the most that a killed run loses.
        validate_every: Steps between validations on unseen tasks.
        validation_episodes: Number of episodes of each validation.
        log_every: Steps between lines of the log.
        progress: Show a progress bar.
        loggers: Additional loggers: wandb, mlflow, tensorboard, csv, or the import path of any Lightning logger.
        capture: Run each step, including its tasks, as one CUDA graph; null does so on a single GPU. Callbacks on parts
            of a step, such as on its gradients, are then not called. Steps of a learner that draws random numbers on
            the CPU are not captured, since a graph would repeat them.
        compile: Compile the learner with `torch.compile` before its step is captured, on one GPU. It takes about 20
            seconds at the start, and then shortens the step of a large Transformer by a quarter to two fifths. Results
            change by rounding.
    """

    devices: int = 1
    accelerator: str = "auto"
    checkpoint_every: int = 100
    validate_every: int = 100
    validation_episodes: int = 128
    log_every: int = 10
    progress: bool = True
    loggers: list[PluginConfig] = field(default_factory=list)
    capture: bool | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        """Reject values below one."""
        for name in ("devices", "checkpoint_every", "validate_every", "validation_episodes", "log_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"loop.{name} must be at least 1, not {getattr(self, name)}.")


@dataclass
class RunConfig:
    """Everything that determines a run's weights, and how they are tested.

    Args:
        data: The data that tasks are made from.
        tasks: The task distribution.
        learner: Name and options of the learner.
        training: How the learner is meta-trained.
        testing: The data sets and tasks of the meta-test.
        loop: How the training loop runs.
        init: Initial weights: a shipped name or the folder of a run; null for random weights. If `learner` is left at
            its default, the learner of these weights is used.
    """

    data: DataConfig = field(default_factory=DataConfig)
    tasks: TaskConfig = field(default_factory=TaskConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    testing: TestingConfig = field(default_factory=TestingConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    init: str | None = None

    def __post_init__(self) -> None:
        """Reject NaN, which would pass every comparison and make the weights NaN."""
        for name, value in _floats(asdict(self)):
            if value != value:
                raise ConfigError(f"{name} is NaN, which is not a number. Give a number.")

    @property
    def test_length(self) -> int:
        """Number of examples per episode of the meta-test: `testing.length`, or as many as in meta-training."""
        return self.testing.length or self.tasks.length

    def identity(self) -> dict[str, Any]:
        """Return the settings that determine the weights, and so the run's name."""
        parts = ("data", "tasks", "learner", "training")
        identity: dict[str, Any] = {part: asdict(getattr(self, part)) for part in parts}
        if self.init is not None:
            identity["init"] = self.init
        if self.training.chooses:  # other validations could choose other weights
            loop = self.loop
            identity["measured"] = {"every": loop.validate_every, "episodes": loop.validation_episodes}
        return identity


def _floats(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every float of nested dictionaries and lists, with its dotted name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _floats(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _floats(inner, f"{name}.{i}")
    elif isinstance(value, float):
        yield name, value
