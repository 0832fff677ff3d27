"""A learner that could not be loaded again is refused before it is trained."""

import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners import LEARNERS, Learner, build_learner
from gpicl.weights import check_can_be_saved, load_weights, save_weights


class Plain(Learner):
    """What the others change."""

    def __init__(self, num_features, num_classes, widths=(4,)):
        super().__init__(num_features, num_classes)
        self.layer = torch.nn.Linear(num_features, num_classes)

    def forward(self, inputs, labels):
        return self.layer(inputs)

    def state_size(self, length=100):
        return 0


class OtherNames(Plain):
    def __init__(self, features, classes):
        super().__init__(features, classes)


class NoPlainValue(Plain):
    def __init__(self, num_features, num_classes, activation=torch.nn.ReLU()):  # noqa: B008
        super().__init__(num_features, num_classes)


class HidesNumbers(Plain):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.hidden = torch.randn(num_classes)

    def forward(self, inputs, labels):
        return super().forward(inputs, labels) + self.hidden


class OddState(Plain):
    def get_extra_state(self):
        return {"a": 1}

    def set_extra_state(self, state):
        pass


class Tied(Plain):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.again = self.layer


def local():
    class Local(Plain):
        pass

    return Local


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (OtherNames, "it has features, classes"),
        (NoPlainValue, "option activation is ReLU"),
        (HidesNumbers, "outside its"),
        (OddState, "_extra_state in its state_dict is dict"),
        (local(), "cannot be saved and loaded again"),
    ],
)
def test_what_cannot_be_saved_is_refused_with_the_reason(learner, message):
    with pytest.raises(LearnerError, match=message):
        check_can_be_saved(learner(4, 3))


def test_tied_weights_and_lists_can_be_saved(tmp_path):
    for learner in (Tied(4, 3), Plain(4, 3, [1, 2])):
        check_can_be_saved(learner)
        save_weights(learner, tmp_path)
        assert torch.equal(load_weights(tmp_path).layer.weight, learner.layer.weight)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_packages_own_can_be_saved(name):
    check_can_be_saved(build_learner(name, 5, 3))
