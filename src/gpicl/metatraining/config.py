"""The configuration of a run: few dials, each with a reason."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gpicl.errors import ConfigError

_DEFAULT_STEPS = 1000


@dataclass
class DataConfig:
    """What the tasks are made from.

    Args:
        dataset: Name of a data set (see `gpicl datasets`); or the path of a file or folder of images, or of an archive
            (.npz) of frozen features [N, F] with their labels; or `none` for tasks that are all invented, which need
            `tasks.widen.invention`, `tasks.num_features` and `tasks.num_classes`.
        root: Folder where the files of a named data set lie; null looks in the cache, then downloads.
        size: Height and width that images are resized to; null keeps theirs.
        channels: 1 for grey, 3 for colour, null for what the images have.
        validation: Part of the training images of every class that is not trained on, but measured with on the way. 0
            trains on all of them, and measures with them too. Test images are never measured with.
    """

    dataset: str = "mnist_5k"
    root: str | None = None
    size: int | None = 14
    channels: int | None = 1
    validation: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to train on."""
        if not 0 <= self.validation <= 0.5:
            raise ConfigError(f"data.validation must be from 0 to 0.5, not {self.validation}.")


@dataclass
class TaskConfig:
    """The task distribution.

    Args:
        num_tasks: Number K of seen tasks; null for unlimited fresh ones.
        length: Examples T per episode.
        num_features: Features F of projected inputs; null for as many as the images have pixels.
        num_classes: Labels C of a task; null for as many as the data set has classes.
        fewest_classes: Fewest labels of a task: each step's tasks have a number of their own, from this to
            `num_classes`; null for `num_classes` always. For learners that read any number of classes.
        widen: Probability that a task is widened, by the name of the widening: merging, spectrum, invention,
            distraction, bending, noise, label_noise, or the import path of your own. In place of a probability, a
            mapping may hold `probability` and the options of the widening's class.
        permutation_probability: Probability p that a task permutes its labels: 0.1 is "90 % biased" (paper, section
            4.4), 1 is no intervention.
        repetition_probability: Probability that an episode repeats a few images throughout, which teaches a learner to
            look back at its context before it can generalise; 0 is no intervention.
        repeated_images: How many images such an episode repeats.
        first_repeated_images: How many at the first step, from where the number goes to `repeated_images` over the
            annealing; null for no change. Two are what an LSTM can begin with.
        anneal_steps: Steps over which the interventions fade: p rises to 1 and repetitions fall to 0; 0 leaves both.
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
        options: What its constructor takes beside num_features and num_classes.
    """

    name: str = "ValueTransformer"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class PluginConfig:
    """Something of Lightning's, or of your own, by its import path.

    Args:
        name: Import path of the class, such as lightning.pytorch.callbacks.LearningRateMonitor.
        options: What its constructor takes.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TrainingConfig:
    """How it is meta-trained. Give `steps` for a run that is exact to the bit, `minutes` for one that ends in time.

    Args:
        steps: Number of steps; null leaves it to the minutes, or is 1000 if these are null too.
        minutes: Wall-clock budget, resumed parts included; null for no limit. With `steps` too, whichever comes first
            ends the run, and the learning rate follows the one that is nearer to its end.
        batch: Episodes per step, over all devices.
        accumulate: Parts in which a step reads its batch, one after another, so that it needs less memory. Gradients
            are added up, and the step is that of the whole batch. 1 reads it at once.
        optimiser: `muon` (hidden matrices; Adam for all else) or `adam`.
        learning_rate: Adam's learning rate.
        matrix_learning_rate: Muon's learning rate.
        weight_decay: Adam's decoupled weight decay (AdamW), of matrices alone: biases, gains and single numbers stay.
        matrix_weight_decay: Muon's decoupled weight decay; 1 keeps the matrices' size steady however long a run is.
        epsilon: Adam's epsilon.
        warmup: Steps over which the learning rates rise.
        decay: How the learning rates fall to zero by the end of the budget: `linear`, or as half a `cosine`; `constant`
            rates do not fall.
        average: Share of the past in an exponential moving average of the weights, such as 0.999. The averaged weights
            are then what is measured, reported and saved. 0 averages nothing.
        clip: Largest norm of the gradient; 0 for no clipping.
        precision: `bf16` where the device gains from it (auto), always, or never (`fp32`).
        seed: Seed of the weights and of the tasks.
        first_step: Number of the first step. A step's episodes follow from its number, so a run that begins where
            another one of its seed has ended sees none of its episodes again. `init` goes on from the last step of the
            weights that the run begins with.
        patience: Measurements in a row without a better `metric`, after which training ends; null trains for the whole
            budget.
        best: Keep the weights of the measurement with the best `metric`, rather than the last ones.
        metric: What `patience` and `best` look at, on unseen tasks of validation images.
        callbacks: Callbacks of Lightning by import path. They may change the weights, so they are part of the run's
            name.
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
        """Whether the measurements decide which weights the run ends with."""
        return self.best or self.patience is not None

    @property
    def max_steps(self) -> int | None:
        """Number of steps, or None where the clock decides."""
        return _DEFAULT_STEPS if self.steps is None and self.minutes is None else self.steps

    @property
    def first_number(self) -> int:
        """Number of the first step.

        Raises:
            ConfigError: If it is that of other weights, which only a run with `init` knows.
        """
        if isinstance(self.first_step, str):
            raise ConfigError("training.first_step=init is for a run that begins with weights. Give a number.")
        return self.first_step

    def __post_init__(self) -> None:
        """Refuse values that could only fail later."""
        least_of = {"steps": 1, "batch": 1, "accumulate": 1, "warmup": 0, "seed": 0, "first_step": 0, "patience": 1}
        for name, least in least_of.items():
            value = getattr(self, name)
            if value is not None and value != "init" and value < least:
                raise ConfigError(f"training.{name} must be at least {least}, not {value}.")
        first = 0 if isinstance(self.first_step, str) else self.first_step
        if (first + (self.max_steps or 0) + 1) * self.batch >= 2**63:
            raise ConfigError(
                f"There are 2^63 episodes, fewer than first_step={self.first_step}, steps={self.steps} "
                f"and batch={self.batch} of training come to. Choose smaller ones."
            )
        if self.batch % self.accumulate:
            raise ConfigError(
                f"A batch of {self.batch} episodes cannot be read in {self.accumulate} equal parts. Choose "
                "training.batch as a multiple of training.accumulate."
            )
        for name in ("minutes", "learning_rate", "matrix_learning_rate", "epsilon"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"training.{name} must be above 0 and finite, not {value}.")
        if not self.clip >= 0:  # NaN is refused too
            raise ConfigError(f"training.clip must be 0 (no clipping) or more, not {self.clip}.")
        for name in ("weight_decay", "matrix_weight_decay"):
            value, rate = getattr(self, name), self.matrix_learning_rate if "matrix" in name else self.learning_rate
            if not 0 <= value * rate < 1:
                raise ConfigError(
                    f"training.{name} must be 0 (none) or more, and below {1 / rate:g}, where a step would leave "
                    f"nothing of the weights; not {value}."
                )
        if not 0 <= self.average < 1:
            raise ConfigError(f"training.average must be 0 (no average) or more, and below 1, not {self.average}.")


@dataclass
class TestingConfig:
    """What a finished run is meta-tested on.

    Args:
        datasets: Names or paths; NAME=PATH gives the file a name of your own.
        tasks: Which tasks: unseen, seen (of a finite number), identity (the raw data set).
        episodes: Episodes per data set and kind of task.
        num_features: Features of the projected inputs; null for as many as in meta-training. Another number is for
            learners that read any, such as VSML, which is meta-trained several times as fast on narrow inputs.
        length: Examples per episode; null for as many as in meta-training.
        positions: Positions to report, from 1 to the length; null for all. A learner that reads every position's
            context again, such as KernelSetTransformer, takes a pass for each.
        size: Height and width that images are resized to; null for that of meta-training.
        channels: 1 for grey, 3 for colour; null for those of meta-training.
        seed: Seed of the unseen tasks, their labels and examples; null for the run's own, so that runs of several
            seeds answer episodes of their own.
        outcomes: Save which episodes were answered right, in the folder `outcomes`, for paired comparison.
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
        """Refuse values that could only fail after hours of meta-training."""
        for name, least in (("num_features", 1), ("length", 2), ("size", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"testing.{name} must be at least {least}, not {value}.")
        if self.channels not in (None, 1, 3):
            raise ConfigError(f"testing.channels must be 1 (grey) or 3 (colour), not {self.channels}.")
        if self.positions is not None and not (self.positions and min(self.positions) >= 1):
            raise ConfigError(f"testing.positions must be some positions from 1, not {self.positions}.")
        if self.episodes < 2:
            raise ConfigError(f"testing.episodes must be at least 2, not {self.episodes}: an interval needs two.")

    def positions_of(self, length: int) -> list[int]:
        """Positions to report of episodes of some length.

        Raises:
            ConfigError: If an episode has no such position.
        """
        positions = sorted(set(self.positions)) if self.positions else list(range(1, length + 1))
        if positions[-1] > length:
            raise ConfigError(f"testing.positions asks for position {positions[-1]} of episodes of {length} examples.")
        return positions


@dataclass
class LoopConfig:
    """How the work is done; none of it changes what comes out, so none of it names the run.

    Args:
        devices: Number of processes or accelerators.
        accelerator: Lightning's name of the hardware: auto, cpu, gpu; or one GPU, cuda:1. --device sets it.
        checkpoint_every: Steps between checkpoints; a killed run loses no more than these.
        validate_every: Steps between measurements on unseen tasks.
        validation_episodes: Episodes of each measurement.
        log_every: Steps between lines of the log.
        progress: Show a progress bar.
        loggers: Loggers beside the run's own: wandb, mlflow, tensorboard, csv, or the import path of any of
            Lightning's.
        capture: Take each step, its tasks included, as one CUDA graph; null does so on one GPU. Callbacks that look at
            a step from within, such as at its gradients, are then not called.
        compile: Compile the learner with `torch.compile` before its step is captured, on one GPU: about 20 seconds at
            the start, then a quarter to two fifths off the step of a large Transformer. Results change by rounding.
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
        """Refuse values below one."""
        for name in ("devices", "checkpoint_every", "validate_every", "validation_episodes", "log_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"loop.{name} must be at least 1, not {getattr(self, name)}.")


@dataclass
class RunConfig:
    """Everything that decides a run's weights, and how they are tested.

    Args:
        data: What the tasks are made from.
        tasks: The task distribution.
        learner: The learner.
        training: How it is meta-trained.
        testing: What it is meta-tested on.
        loop: How the work is done.
        init: Weights to begin with, a shipped name or the folder of a run; null begins with random ones. Where
            `learner` is left at its default, it is that of the weights.
    """

    data: DataConfig = field(default_factory=DataConfig)
    tasks: TaskConfig = field(default_factory=TaskConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    testing: TestingConfig = field(default_factory=TestingConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    init: str | None = None

    def __post_init__(self) -> None:
        """Refuse NaN, which would pass every comparison and end in weights that are none."""
        for name, value in _floats(asdict(self)):
            if value != value:
                raise ConfigError(f"{name} is NaN, which is no number. Give a number.")

    @property
    def test_length(self) -> int:
        """Examples per episode of the meta-test: those of meta-training unless `testing.length` says otherwise."""
        return self.testing.length or self.tasks.length

    def identity(self) -> dict[str, Any]:
        """The part that decides the weights, and so the run's name."""
        parts = ("data", "tasks", "learner", "training")
        identity: dict[str, Any] = {part: asdict(getattr(self, part)) for part in parts}
        if self.init is not None:
            identity["init"] = self.init
        if self.training.chooses:  # measuring otherwise would choose otherwise
            loop = self.loop
            identity["measured"] = {"every": loop.validate_every, "episodes": loop.validation_episodes}
        return identity


def _floats(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every float of nested dictionaries and lists, under its name with dots."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _floats(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _floats(inner, f"{name}.{i}")
    elif isinstance(value, float):
        yield name, value
