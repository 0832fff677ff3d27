"""A learner of the user's own is tried out before hours are spent on it."""

import random

import numpy as np
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


class ReadsItsLabelWhenTrained(ReadsItsLabel):
    def predict(self, inputs, labels, positions):
        return Linear.forward(self, inputs, 0 * labels)[:, [position - 1 for position in positions]]


class MixesQueries(Linear):
    def query(self, memory, queries):
        return super().query(memory, queries - queries.mean(1, keepdim=True))


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
    """Counts its calls, and averages its inputs, outside of its state_dict."""

    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.register_buffer("mean", torch.zeros(1), persistent=False)
        self.calls = {"all": 0}

    def forward(self, inputs, labels):
        self.calls["all"] += 1
        self.mean = self.mean + 0.1 * (inputs.mean() - self.mean)
        return super().forward(inputs, labels)


class DependsOnItsCalls(Counts):
    def forward(self, inputs, labels):
        return super().forward(inputs, labels) / (self.calls["all"] if self.training else 1)


class DependsOnAMean(Counts):
    def forward(self, inputs, labels):
        return super().forward(inputs, labels) + (self.mean if self.training else 0)


class DrawsNumbers(Linear):
    """Draws from all generators that checkpoints hold, and has dropout."""

    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.own, self.numpys, self.pythons = torch.Generator(), np.random.default_rng(0), random.Random(0)
        self.old = np.random.RandomState(0)

    def drawn(self):
        return torch.rand(1, generator=self.own) + self.numpys.random() + self.pythons.random() + self.old.random()

    def forward(self, inputs, labels):
        logits = super().forward(inputs, labels)
        if not self.training:
            return logits
        others = torch.rand(1) + np.random.random() + random.random()
        return torch.nn.functional.dropout(logits, 0.5) + (self.drawn() + others).float()


class HidesItsGenerator(DrawsNumbers):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.generators = [torch.Generator()]

    def drawn(self):
        return torch.rand(1, generator=self.generators[0])


class MakesItsGenerator(Linear):
    def forward(self, inputs, labels):
        if self.training:
            self.random = getattr(self, "random", None) or torch.Generator()
        return super().forward(inputs, labels)


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (DependsOnItsCalls, "gives other training logits when it is called again"),
        (DependsOnAMean, "a resumed run would go on differently"),
        (HidesItsGenerator, "a random generator that is an attribute of the module"),
        (MakesItsGenerator, "makes the random generator random in training"),
    ],
)
def test_a_learner_that_could_not_resume_is_refused(learner, message):
    with pytest.raises(LearnerError, match=message):
        check_learner(learner(4, 3), 9)


class SharesItsGenerator(DrawsNumbers):
    """Two modules draw from one generator."""

    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.layer.own = self.own

    def drawn(self):
        return super().drawn() + 2 * torch.rand(1, generator=self.layer.own)


@pytest.mark.parametrize("learner", [Counts, DrawsNumbers, SharesItsGenerator])
def test_a_learner_may_keep_what_changes_nothing_and_draw_from_generators_that_checkpoints_hold(learner):
    states = random.getstate(), np.random.get_state()[1].tolist()
    check_learner(learner(4, 3), 9)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (ReadsItsLabel, "not causal.*the label"),
        (ReadsItsLabelBehindAHeadOfZeros, "not causal.*the label"),
        (ReadsItsLabelWhenTested, "not causal.*the label"),
        (ReadsItsLabelWhenTrained, "not causal.*the label"),
        (MixesQueries, "answers queries otherwise than forward.*query must give"),
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
