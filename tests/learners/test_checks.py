"""A learner of the user's own is tried out before hours are spent on it."""

import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners import LEARNERS, Learner, build_learner
from gpicl.learners.checks import check_learner


class Linear(Learner):
    """What the others change."""

    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.layer = torch.nn.Linear(num_features + num_classes, num_classes)

    def seen(self, labels):
        one_hot = torch.nn.functional.one_hot(labels, self.num_classes).float()
        return torch.cat([torch.zeros_like(one_hot[:, :1]), one_hot[:, :-1]], 1)

    def forward(self, inputs, labels):
        return self.layer(torch.cat([inputs, self.seen(labels)], 2))

    def state_size(self, length=100):
        return 0


class ReadsItsLabel(Linear):
    def seen(self, labels):
        return torch.nn.functional.one_hot(labels, self.num_classes).float()


class ReadsItsLabelBehindAHeadOfZeros(ReadsItsLabel):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        torch.nn.init.zeros_(self.layer.weight)


class ReadsItsLabelWhenTested(Linear):
    def predict(self, inputs, labels, positions):
        own = torch.nn.functional.one_hot(labels, self.num_classes).float()
        return own[:, [position - 1 for position in positions]]


class SeesLaterInputs(Linear):
    def forward(self, inputs, labels):
        return super().forward(inputs - inputs.mean(1, keepdim=True), labels)


class SeesOtherEpisodes(Linear):
    def forward(self, inputs, labels):
        return super().forward(inputs - inputs.mean(0, keepdim=True), labels)


class GivesOneLogit(Linear):
    def forward(self, inputs, labels):
        return super().forward(inputs, labels)[:, :, 0]


class GivesClasses(Linear):
    def forward(self, inputs, labels):
        return (super().forward(inputs, labels) > 0).long()


class Fails(Linear):
    def forward(self, inputs, labels):
        raise ZeroDivisionError("oh")


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (ReadsItsLabel, "not causal.*the label"),
        (ReadsItsLabelBehindAHeadOfZeros, "not causal.*the label"),
        (ReadsItsLabelWhenTested, "not causal.*the label"),
        (SeesLaterInputs, "not causal.*later examples"),
        (SeesOtherEpisodes, "mixes episodes"),
        (GivesOneLogit, r"shape \[2, 9, 3\], not \[2, 9\]"),
        (GivesClasses, "int64"),
        (Fails, "ZeroDivisionError: oh"),
    ],
)
def test_what_is_no_learner_is_refused(learner, message):
    with pytest.raises(LearnerError, match=message):
        check_learner(learner(4, 3), 9)


def test_a_learner_is_left_as_it_was():
    learner, state = Linear(4, 3).train(), torch.random.get_rng_state()
    before = [parameter.clone() for parameter in learner.parameters()]
    check_learner(learner, 9)
    assert learner.training
    assert all(torch.equal(a, b) for a, b in zip(before, learner.parameters(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("name", LEARNERS)
def test_the_packages_own_pass(name):
    check_learner(build_learner(name, 5, 3), 8)
