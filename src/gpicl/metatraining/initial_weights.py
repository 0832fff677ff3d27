"""Warm starts: weights of another run to begin with."""

from dataclasses import replace

from gpicl.errors import ConfigError, LearnerError
from gpicl.learners import Learner
from gpicl.metatraining.config import LearnerConfig, RunConfig
from gpicl.weights import find_weights, load_card, load_weights

_OF_THE_TASKS = ("num_features", "num_classes")


def with_learner_of_init(config: RunConfig) -> RunConfig:
    """Give a run that begins with weights, and names no learner, the learner of those weights.

    Args:
        config: The run.

    Raises:
        GpiclError: If there are no such weights.
    """
    if config.init is None or config.learner != LearnerConfig():
        return config
    card = load_card(find_weights(config.init))
    options = {name: value for name, value in card["options"].items() if name not in _OF_THE_TASKS}
    return replace(config, learner=LearnerConfig(card["learner"], options))


def with_first_step_of_init(config: RunConfig) -> RunConfig:
    """Number the steps of a run on from those that its initial weights were trained for, where it says `init`.

    A step's episodes are `number * batch` and those that follow, so the steps are counted in episodes: with another
    batch the run begins with the first step whose episodes are all new.

    Args:
        config: The run.

    Raises:
        ConfigError: If the run begins with no weights, or with some that do not say how long they were trained.
        GpiclError: If there are no such weights.
    """
    training = config.training
    if training.first_step != "init":
        return config
    if config.init is None:
        raise ConfigError(
            "training.first_step=init goes on from the last step of other weights, and this run begins with none. Give "
            "them with --init, or give a number."
        )
    card = load_card(find_weights(config.init))
    described = card.get("meta_training")
    settings = described.get("training") if isinstance(described, dict) else None
    settings = settings if isinstance(settings, dict) else {}
    steps, first, batch = card.get("steps"), settings.get("first_step", 0), settings.get("batch")
    if not (isinstance(steps, int) and isinstance(first, int) and isinstance(batch, int)):
        raise ConfigError(
            f"training.first_step=init cannot be known: the card of {config.init} does not say for how many steps, of "
            "how many episodes, the weights were trained. Give a number."
        )
    return replace(config, training=replace(training, first_step=-(-(first + steps) * batch // training.batch)))


def begin_with(learner: Learner, weights: str) -> None:
    """Put the weights of another run into a learner.

    Args:
        learner: The learner; of any size if its kind reads any.
        weights: A shipped name, or the folder of a run.

    Raises:
        GpiclError: If there are no such weights.
        LearnerError: If they are of another learner, or of another size.
    """
    given = load_weights(find_weights(weights))
    if type(given) is not type(learner):
        raise LearnerError(
            f"The weights {weights} are of {type(given).__name__}, and the run is of {type(learner).__name__}. Leave "
            "learner out: the run then takes that of the weights."
        )
    try:
        learner.load_state_dict(given.state_dict())
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise LearnerError(
            f"The weights {weights} do not fit this run's {type(learner).__name__}: {reason} They are of "
            f"{given.num_features} features and {given.num_classes} classes: choose tasks.num_features, "
            "tasks.num_classes and the learner's options as theirs."
        ) from error
