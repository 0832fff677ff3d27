"""Warm starts: begin a run with the weights of another one."""

from dataclasses import replace

from gpicl.errors import ConfigError, LearnerError
from gpicl.learners import Learner
from gpicl.metatraining.config import LearnerConfig, RunConfig
from gpicl.weights import find_weights, load_card, load_weights

_OF_THE_TASKS = ("num_features", "num_classes")


def with_learner_of_init(config: RunConfig) -> RunConfig:
    """Set the learner of a run to that of its initial weights, unless the run names one.

    Args:
        config: Configuration of the run.

    Raises:
        GpiclError: If the weights do not exist.
    """
    if config.init is None or config.learner != LearnerConfig():
        return config
    card = load_card(find_weights(config.init))
    options = {name: value for name, value in card["options"].items() if name not in _OF_THE_TASKS}
    return replace(config, learner=LearnerConfig(card["learner"], options))


def with_first_step_of_init(config: RunConfig) -> RunConfig:
    """Replace `training.first_step=init` by the number after the last step of the initial weights.

    A step's episodes start at `number * batch`, so the number is computed in episodes: with a different batch size the
    run starts with the first step whose episodes are all new.

    Args:
        config: Configuration of the run.

    Raises:
        ConfigError: If the run has no initial weights, or their card does not tell how long they were trained.
        GpiclError: If the weights do not exist.
    """
    training = config.training
    if training.first_step != "init":
        return config
    if config.init is None:
        raise ConfigError(
            "training.first_step=init continues after the last step of the initial weights, but this run has none. "
            "Give them with --init, or give a number."
        )
    card = load_card(find_weights(config.init))
    described = card.get("meta_training")
    settings = described.get("training") if isinstance(described, dict) else None
    settings = settings if isinstance(settings, dict) else {}
    steps, first, batch = card.get("steps"), settings.get("first_step", 0), settings.get("batch")
    if not (isinstance(steps, int) and isinstance(first, int) and isinstance(batch, int)):
        raise ConfigError(
            f"training.first_step=init is not possible: the card of {config.init} does not give the number of steps "
            "and the batch size of its training. Give a number."
        )
    if config.tasks.anneal_steps and batch != training.batch:
        raise ConfigError(
            f"training.first_step=init continues the annealing of the tasks, which counts steps, but the batch was "
            f"{batch} and is now {training.batch}. Keep training.batch, or set tasks.anneal_steps=0 with the "
            "interventions that are left, such as tasks.permutation_probability=1 and tasks.repetition_probability=0."
        )
    return replace(config, training=replace(training, first_step=-(-(first + steps) * batch // training.batch)))


def begin_with(learner: Learner, weights: str) -> None:
    """Load the weights of another run into a learner.

    Args:
        learner: Learner to change. Its size may differ if it reads any size.
        weights: A shipped name, or the folder of a run.

    Raises:
        GpiclError: If the weights do not exist.
        LearnerError: If they belong to another learner, or have another size.
    """
    given = load_weights(find_weights(weights))
    if type(given) is not type(learner):
        raise LearnerError(
            f"The weights {weights} are of {type(given).__name__}, but the run's learner is {type(learner).__name__}. "
            "Leave learner out: the run then uses the learner of the weights."
        )
    try:
        learner.load_state_dict(given.state_dict())
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise LearnerError(
            f"The weights {weights} do not fit this run's {type(learner).__name__}: {reason} They have "
            f"{given.num_features} features and {given.num_classes} classes: give the same tasks.num_features, "
            "tasks.num_classes and learner options."
        ) from error
