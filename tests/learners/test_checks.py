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


class Counts(Linear):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.register_buffer("mean", torch.zeros(1), persistent=False)
        self.calls, self.longest = {"all": 0}, 0


class CountsItsCalls(Counts):
    def forward(self, inputs, labels):
        self.calls["all"] += 1
        return super().forward(inputs, labels)


class KeepsAMean(Counts):
    def forward(self, inputs, labels):
        self.mean += 0.1 * (inputs.mean() - self.mean)
        return super().forward(inputs, labels)


class HidesItsGenerator(Linear):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.generators = [torch.Generator()]

    def forward(self, inputs, labels):
        return super().forward(inputs, labels) + torch.rand(1, generator=self.generators[0])


class MakesItsGenerator(Linear):
    def forward(self, inputs, labels):
        self.random = getattr(self, "random", None) or torch.Generator()
        return super().forward(inputs, labels)


class RemembersALength(Linear):
    """The second of two equal calls changes nothing, as with the mask that a Transformer keeps."""

    longest = 0

    def forward(self, inputs, labels):
        self.longest = max(self.longest, labels.shape[1])
        return super().forward(inputs, labels)


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (CountsItsCalls, r"changes calls\['all'\] in training, which checkpoints do not hold"),
        (KeepsAMean, "changes mean in training, which checkpoints do not hold"),
        (HidesItsGenerator, r"the random generator generators\[0\], whose state checkpoints do not hold"),
        (MakesItsGenerator, "the random generator random, whose state checkpoints do not hold"),
    ],
)
def test_a_learner_with_a_state_that_checkpoints_do_not_hold_is_refused(learner, message):
    with pytest.raises(LearnerError, match=message):
        check_learner(learner(4, 3), 9)


def test_what_a_learner_keeps_for_speed_is_no_state():
    check_learner(RemembersALength(4, 3), 9)


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
