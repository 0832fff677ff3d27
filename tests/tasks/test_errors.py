"""Tasks that cannot exist are refused with the remedy."""

import inspect

import pytest

from gpicl.errors import TaskError, UnknownNameError
from gpicl.tasks import Interventions, TaskAugmentor


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_tasks": 0}, "from 1 to 2\\^63, not 0.*None"),
        ({"num_tasks": 2**64}, "from 1 to 2\\^63"),
        ({"length": 1}, "at least 2 examples.*length=1"),
        ({"num_features": 0}, "num_features must be at least 1"),
        ({"num_classes": 1}, "num_classes must be at least 2"),
        ({"seed": -1}, "seed must be from 0"),
    ],
)
def test_impossible_distributions_are_refused(features, options, message):
    with pytest.raises(TaskError, match=message):
        TaskAugmentor(features, **options)


def test_impossible_episodes_are_refused(features):
    tasks = TaskAugmentor(features, length=10)
    with pytest.raises(TaskError, match=r"from 0 to 1, not 1\.5"):
        tasks.episodes([0], interventions=Interventions(permutation_probability=1.5))
    with pytest.raises(TaskError, match="repeated_images must be at least 1, not 0"):
        tasks.episodes([0], interventions=Interventions(repeated_images=0))
    with pytest.raises(TaskError, match="Draws must be from 0"):
        tasks.episodes([-1])
    with pytest.raises(TaskError, match="Draws must be from 0"):
        tasks.episodes(range(2**63 - 1, 2**63 + 1))
    with pytest.raises(TaskError, match="Task ids"):
        tasks.episodes_of([2**63], [0])
    with pytest.raises(TaskError, match="There are no draws"):
        tasks.episodes([])
    with pytest.raises(UnknownNameError, match=r"Unknown kind of tasks 'Unseen'.*'unseen'"):
        inspect.unwrap(TaskAugmentor.episodes)(tasks, [0], "Unseen")  # without the tests' checks of types
    with pytest.raises(TaskError, match="one draw per task id"):
        tasks.episodes_of([0, 1], [0])


def test_raw_images_that_do_not_fit_are_refused(features):
    with pytest.raises(TaskError, match="36 features, more than the 5"):
        TaskAugmentor(features, length=10, num_features=5).episodes([0], "identity")
