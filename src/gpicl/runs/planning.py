"""Planning the tests of a meta-test from the weights' card and a configuration, before any test runs."""

from argparse import ArgumentError
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from gpicl.data import Contents, FeatureDataset, dataset_label, load_contents, load_features
from gpicl.errors import CheckpointError, ConfigError, GpiclError, TaskError
from gpicl.learners import Learner
from gpicl.metatraining import DataConfig, RunConfig, TaskConfig, TestingConfig, TrainingConfig
from gpicl.metatraining.annealing import last_step
from gpicl.metatraining.build import NO_DATASET
from gpicl.metatraining.sources import extensions_source, learner_source
from gpicl.metatraining.typed_settings import parsed
from gpicl.runs.results import MetaTest, check_testing, test_key


class TrainedWith(NamedTuple):
    """The settings of meta-training that a meta-test depends on, from a card.

    Weights saved with `save_weights` have none; the defaults of `gpicl train` replace them.

    Attributes:
        image: Preprocessing of the images.
        length: Examples T per episode.
        num_tasks: Number K of seen tasks; None if they were unlimited.
        seed: Seed of the weights and of the tasks.
        precision: See `TrainingConfig`.
        data: Hash of the training images; None if the card has none.
        widenings: Names of the widenings.
    """

    image: DataConfig
    length: int
    num_tasks: int | None
    seed: int
    precision: Any
    data: str | None
    widenings: tuple[str, ...]

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "TrainedWith":
        """Read a card.

        Raises:
            CheckpointError: If a field has the wrong type.
        """
        settings = _part(card, "meta_training")
        data, tasks, training = (_part(settings, name) for name in ("data", "tasks", "training"))
        usual = DataConfig()
        image = DataConfig(
            dataset=_field(data, "dataset", str, usual.dataset),
            root=_field(data, "root", (str, type(None)), usual.root),
            size=_field(data, "size", (int, type(None)), usual.size, 1),
            channels=_field(data, "channels", (int, type(None)), usual.channels),
        )
        precision = _field(training, "precision", str, "auto")
        if precision not in ("auto", "bf16", "fp32"):
            raise CheckpointError(
                f"The card has precision={precision!r}; known are auto, bf16 and fp32. Restore the file, or "
                "train again."
            )
        return cls(
            image,
            _field(tasks, "length", int, 100, 2),
            _field(tasks, "num_tasks", (int, type(None)), None, 1),
            _field(training, "seed", int, 0, 0),
            precision,
            _field(_part(card, "sources"), "data", (str, type(None)), None),
            tuple(_part(tasks, "widen")),
        )


class PlannedTest(NamedTuple):
    """A test, with the data that it needs.

    Attributes:
        test: Everything that decides its outcome.
        name: Name or path of the data set.
        image: Preprocessing of its images.
        on_training_images: Whether its images are those of meta-training; None if unknown.
    """

    test: MetaTest
    name: str
    image: DataConfig
    on_training_images: bool | None


def plan_tests(card: Mapping[str, Any], testing: TestingConfig) -> list[PlannedTest]:
    """Plan the tests of a learner, in the order of the table.

    Args:
        card: Card of the weights.
        testing: The requested tests.

    Raises:
        ConfigError: If there is nothing to test, or two data sets have the same name.
        TaskError: If seen tasks are requested, and the learner was meta-trained on unlimited tasks or is to be tested
            with another number of features.
        CheckpointError: If seen tasks are requested and the data of meta-training has changed.
        GpiclError: If a data set is not available.
    """
    trained = TrainedWith.of(card)
    labels = [dataset_label(name) for name in testing.datasets]
    check_testing(testing, labels)
    if "seen" in testing.tasks and trained.num_tasks is None:
        raise TaskError(
            "Seen tasks exist only for a finite tasks.num_tasks, and this learner was meta-trained on unlimited ones. "
            "Test it on unseen tasks."
        )
    check_width_of_seen(testing, card["options"]["num_features"])
    image = image_for_testing(trained.image, testing)
    same_images = (image.size, image.channels) == (trained.image.size, trained.image.channels)
    training_data = trained.data if same_images else _training_data(image)
    source = learner_source(card["learner"])
    only_seen: dict[str, Any] = {"num_tasks": trained.num_tasks}
    if "seen" in testing.tasks:
        _check_training_data(trained)
        widenings = extensions_source(trained.widenings)
        only_seen |= {} if widenings is None else {"widenings": widenings}
        config = trained_config(card)
        last = last_step(config, trained_steps(card))
        if last < config.tasks.anneal_steps:  # it ended before its interventions had faded
            only_seen["last_step"] = last
    planned = []
    for label, name in dict(zip(labels, testing.datasets, strict=True)).items():
        contents = load_test_contents(name, image)
        for kind in testing.tasks:
            seed = trained.seed if kind == "seen" or testing.seed is None else testing.seed
            test = MetaTest(
                label,
                kind,
                testing.length or trained.length,
                contents.image,
                testing.num_features or card["options"]["num_features"],
                seed,
                testing.episodes,
                test_key(
                    card["sha256"],
                    source,
                    contents,
                    precision=trained.precision,
                    **(only_seen if kind == "seen" else {"num_tasks": None}),
                ),
            )
            same = None if training_data is None else training_data == contents.digest
            planned.append(PlannedTest(test, name, image, same))
    return planned


def _check_training_data(trained: TrainedWith) -> None:
    """Check that seen tasks can be made of the data that they were made of in meta-training."""
    image = trained.image
    if trained.data is None or image.dataset == NO_DATASET:
        return
    now = load_contents(image.dataset, "train", image.root, image.size, image.channels).digest
    if now != trained.data:
        raise CheckpointError(
            f"The seen tasks of these weights cannot be made again: {image.dataset} no longer holds the data of their "
            "meta-training. Restore the data, or test on unseen tasks."
        )


def trained_config(card: Mapping[str, Any]) -> RunConfig:
    """Rebuild the parts of the meta-training configuration that define its tasks.

    Args:
        card: Card of the weights.

    Raises:
        CheckpointError: If another version of gpicl wrote the card, with other fields.
    """
    settings = _part(card, "meta_training")
    training = {name: value for name, value in _part(settings, "training").items() if name != "callbacks"}
    try:
        return RunConfig(
            data=parsed(DataConfig, _part(settings, "data")),
            tasks=parsed(TaskConfig, _part(settings, "tasks")),
            training=parsed(TrainingConfig, training),
        )
    except (ArgumentError, ConfigError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            "The seen tasks of these weights cannot be rebuilt: their card is damaged, or another version of gpicl "
            f"wrote it ({reason}). Test the weights on unseen tasks, restore the card, or use that version."
        ) from error


def trained_steps(card: Mapping[str, Any]) -> int:
    """Return the number of steps of the meta-training; 0 if the card has none.

    Args:
        card: Card of the weights.

    Raises:
        CheckpointError: If it is not a number.
    """
    return int(_field(card, "steps", int, 0, 0))


def check_width_of_seen(testing: TestingConfig, trained_features: int) -> None:
    """Check that seen tasks, whose projections are those of meta-training, are not to have another width.

    Args:
        testing: The requested tests.
        trained_features: Number of features in meta-training.

    Raises:
        TaskError: If they are.
    """
    if "seen" in testing.tasks and testing.num_features not in (None, trained_features):
        raise TaskError(
            f"Seen tasks have the {trained_features} features of meta-training, not testing.num_features="
            f"{testing.num_features}. Leave it out, or test only unseen tasks."
        )


def image_for_testing(image: DataConfig, testing: TestingConfig) -> DataConfig:
    """Return the preprocessing of images for a meta-test.

    Args:
        image: Preprocessing in meta-training.
        testing: Its size and channels, where given, replace those of meta-training.
    """
    return replace(image, size=testing.size or image.size, channels=testing.channels or image.channels)


def load_test_set(name: str, image: DataConfig) -> FeatureDataset:
    """Load the test split of a data set, with the given preprocessing.

    Args:
        name: Name or path of the data set.
        image: Size and channels; its root is used if it is of the same data set.
    """
    return load_features(name, "test", _root(name, image), image.size, image.channels)


def load_test_contents(name: str, image: DataConfig) -> Contents:
    """Describe what `load_test_set` loads; see `load_contents`, which caches it."""
    return load_contents(name, "test", _root(name, image), image.size, image.channels)


def sized_for_testing(learner: Learner, testing: TestingConfig) -> Learner:
    """Resize a learner to the number of features of the meta-test.

    Args:
        learner: The meta-trained learner.
        testing: Its `num_features` is the new number; None keeps the learner as it is.

    Raises:
        LearnerError: If the number differs and the learner reads only its own.
    """
    if testing.num_features is None:
        return learner
    return learner.with_size(testing.num_features, learner.num_classes)


def _root(name: str, image: DataConfig) -> str | None:
    return image.root if name == image.dataset else None


def _training_data(image: DataConfig) -> str | None:
    try:
        return load_contents(image.dataset, "train", image.root, image.size, image.channels).digest
    except GpiclError:  # the run was moved and its data is not available
        return None


def _part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = fields.get(name) or {}
    if not isinstance(part, Mapping):
        raise CheckpointError(f"The card has {name}={part!r}, not a set of fields. Restore the file, or train again.")
    return part


def _field(part: Mapping[str, Any], name: str, kind: Any, default: Any, least: int | None = None) -> Any:
    value = part.get(name, default)
    too_small = least is not None and isinstance(value, int) and value < least
    if not isinstance(value, kind) or isinstance(value, bool) or too_small:
        raise CheckpointError(f"The card has {name}={value!r}, which is not valid. Restore the file, or train again.")
    return value
