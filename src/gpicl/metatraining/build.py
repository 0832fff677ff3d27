"""Build the data, tasks and learner that a configuration describes."""

from gpicl.data import FeatureDataset, hold_out, load_features
from gpicl.errors import LearnerError, TaskError
from gpicl.learners import Learner, build_learner, learners_of_any_size
from gpicl.metatraining.annealing import interventions_at, last_step
from gpicl.metatraining.config import DataConfig, RunConfig
from gpicl.tasks import Interventions, TaskAugmentor, check_probability

NO_DATASET = "none"
"""Value of `data.dataset` if all tasks are invented."""


def build_features(config: DataConfig, split: str) -> FeatureDataset | None:
    """Load and preprocess one split of a data set; return None if all tasks are invented.

    Args:
        config: Data set and its preprocessing.
        split: `train` or `test`.
    """
    if config.dataset == NO_DATASET:
        return None
    return load_features(config.dataset, split, config.root, config.size, config.channels)


def build_tasks(config: RunConfig, features: FeatureDataset | None = None) -> tuple[TaskAugmentor, TaskAugmentor]:
    """Build the training tasks, and the validation tasks, made of held-out training images.

    Args:
        config: Configuration of the run.
        features: The training split, if it is already loaded.

    Raises:
        TaskError: If the configuration of the tasks is invalid.
    """
    for name in ("permutation_probability", "repetition_probability"):
        check_probability(f"tasks.{name}", getattr(config.tasks, name))
    for name in ("repeated_images", "first_repeated_images"):
        value = getattr(config.tasks, name)
        if value is not None and value < 1:
            raise TaskError(f"tasks.{name} must be at least 1, not {value}.")
    if config.tasks.anneal_steps < 0:
        raise TaskError(f"tasks.anneal_steps must be 0 (no annealing) or more, not {config.tasks.anneal_steps}.")
    if config.tasks.first_repeated_images is not None and not config.tasks.anneal_steps:
        raise TaskError(
            "tasks.first_repeated_images is the number at the first step; without tasks.anneal_steps it would never "
            "change. Give tasks.anneal_steps, or only tasks.repeated_images."
        )
    found = build_features(config.data, "train") if features is None else features
    training, validation = (None, None) if found is None else hold_out(found, config.data.validation)
    return build_augmentor(config, training), build_augmentor(config, validation)


def build_augmentor(config: RunConfig, features: FeatureDataset | None) -> TaskAugmentor:
    """Build a run's tasks from any examples. Widenings and interventions apply only to seen tasks.

    Args:
        config: Configuration of the run.
        features: The examples; None if all tasks are invented.

    Raises:
        TaskError: If the configuration of the tasks is invalid.
    """
    tasks = config.tasks
    return TaskAugmentor(
        features,
        num_tasks=tasks.num_tasks,
        length=tasks.length,
        num_features=tasks.num_features,
        num_classes=tasks.num_classes,
        widen=tasks.widen,
        seed=config.training.seed,
    )


def trained_tasks(config: RunConfig, steps: int = 0) -> tuple[TaskAugmentor, Interventions]:
    """Build the tasks that a run was trained on, for a meta-test of seen tasks.

    Args:
        config: Configuration of the run.
        steps: Number of steps that it was trained, which may be fewer than its budget allows; 0 if it used all of it.

    Returns:
        The tasks, and their interventions: the label permutations as at the end of the run. Repeated examples and
        fewer classes are left out.
    """
    features = build_features(config.data, "train")
    training = None if features is None else hold_out(features, config.data.validation)[0]
    at_end = interventions_at(config.tasks, last_step(config, steps))
    return build_augmentor(config, training), Interventions(permutation_probability=at_end.permutation_probability)


def build_run_learner(config: RunConfig, tasks: TaskAugmentor) -> Learner:
    """Build the learner of a run, with initial weights drawn from torch's global generator.

    Args:
        config: Configuration of the run.
        tasks: Tasks that determine the number of features and classes.

    Raises:
        LearnerError: If the learner does not support this episode length, or a varying number of classes.
        TaskError: If `fewest_classes` is out of range.
    """
    learner = build_learner(config.learner.name, tasks.num_features, tasks.num_classes, **config.learner.options)
    fewest = config.tasks.fewest_classes
    if fewest is not None and not 2 <= fewest <= tasks.num_classes:
        raise TaskError(
            f"tasks.fewest_classes must be from 2 to the number of classes, {tasks.num_classes}, not {fewest}."
        )
    if fewest is not None and not learner.any_size:
        raise LearnerError(
            f"tasks.fewest_classes needs a learner that reads any number of classes ({learners_of_any_size()}), "
            f"but {config.learner.name} does not. Leave it null."
        )
    if learner.max_length is not None and tasks.length > learner.max_length:
        raise LearnerError(
            f"tasks.length={tasks.length} is more than the {learner.max_length} positions of {config.learner.name}. "
            f"Set learner.options.max_length={tasks.length}, or shorten the episodes."
        )
    return learner
