"""Learners are found by name or by import path, and a wrong name is answered with the nearest right ones."""

import pytest
import torch

from gpicl.errors import LearnerError, UnknownNameError
from gpicl.learners import LEARNERS, Learner, ValueTransformer, build_learner, learner_class


class AlwaysTheFirst(Learner):
    """A learner of somebody's own: it always says class 0, louder with `volume`."""

    def __init__(self, num_features: int, num_classes: int, volume: float = 1.0) -> None:
        super().__init__(num_features, num_classes)
        self.volume = torch.nn.Parameter(torch.tensor(volume))

    def forward(self, inputs, labels):
        logits = torch.zeros(*labels.shape, self.num_classes)
        logits[..., 0] = 1.0
        return logits * self.volume

    def state_size(self, length: int = 100) -> int:
        return 0


def test_a_learner_is_found_by_its_name():
    assert learner_class("ValueTransformer") is ValueTransformer


def test_your_own_learner_is_found_by_its_import_path(monkeypatch, tmp_path):
    (tmp_path / "my_package.py").write_text(
        "from gpicl.learners import ValueTransformer\nclass MyLearner(ValueTransformer):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(build_learner("my_package.MyLearner", 4, 3, layers=1), ValueTransformer)


def test_options_are_remembered_so_that_the_learner_can_be_rebuilt():
    learner = AlwaysTheFirst(4, 3, volume=2.0)
    assert learner.options == {"num_features": 4, "num_classes": 3, "volume": 2.0}


def test_an_unknown_learner_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'ValueTransformer'"):
        build_learner("ValueTransfomer", 4, 3)


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'layers'"):
        build_learner("ValueTransformer", 4, 3, layer=2)


def test_a_value_of_the_wrong_kind_is_refused():
    with pytest.raises(LearnerError, match="layers of ValueTransformer must be a whole number, not 'many'"):
        build_learner("ValueTransformer", 4, 3, layers="many")
    with pytest.raises(LearnerError, match="layers of ValueTransformer must be a whole number, not True"):
        build_learner("ValueTransformer", 4, 3, layers=True)
    with pytest.raises(LearnerError, match="learning_rate must be greater than 0 and finite, not inf"):
        build_learner("SGD", 4, 3, learning_rate=float("inf"))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("KernelSetTransformer", {"queries": 3.5}, "queries of KernelSetTransformer must be a whole number, not 3.5"),
        ("VSML", {"micro_ticks": 1.5}, "micro_ticks of VSML must be a whole number, not 1.5"),
        ("SGD", {"seed": "a"}, "seed of SGD must be a whole number or null, not 'a'"),
        ("SGD", {"init_scale": float("nan")}, "init_scale of SGD must be a number, not nan"),
        ("OuterProductLSTM", {"width": "a"}, "width of OuterProductLSTM must be a whole number or null, not 'a'"),
        ("MAML", {"first_order": "false"}, "first_order of MAML must be true or false, not 'false'"),
    ],
)
def test_the_kind_of_every_option_is_checked(name, options, message):
    with pytest.raises(LearnerError, match=message):
        build_learner(name, 4, 3, **options)


class AnyOptions(AlwaysTheFirst):
    def __init__(self, num_features, num_classes, **options):
        super().__init__(num_features, num_classes, **options)


def test_options_that_a_learner_passes_on_are_remembered_too():
    assert AnyOptions(4, 3, volume=2.0).options == {"num_features": 4, "num_classes": 3, "volume": 2.0}


@pytest.mark.parametrize("path", ["no_such_package.MyLearner", "gpicl.learners.NoSuch"])
def test_an_import_path_that_leads_nowhere_is_explained(path):
    with pytest.raises(LearnerError, match="Cannot import the learner"):
        learner_class(path)


def test_a_class_that_is_no_learner_is_refused():
    with pytest.raises(LearnerError, match="is not a learner"):
        learner_class("torch.nn.Linear")


@pytest.mark.parametrize(("features", "classes"), [(0, 3), (4, 1)])
def test_learners_need_a_feature_and_two_classes(features, classes):
    with pytest.raises(LearnerError, match="must be at least"):
        AlwaysTheFirst(features, classes)


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [((2, 5), (2, 5), r"\[B, T, F\]"), ((2, 5, 4), (2, 6), r"\[B, T, F\]"), ((2, 5, 7), (2, 5), "reads 4 features")],
)
def test_episodes_of_the_wrong_shape_are_refused(inputs, labels, message):
    with pytest.raises(LearnerError, match=message):
        AlwaysTheFirst(4, 3).check_episodes(torch.zeros(inputs), torch.zeros(labels, dtype=torch.int64))


def test_a_module_that_fails_is_explained(tmp_path, monkeypatch):
    (tmp_path / "failing_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LearnerError, match=r"failing_module\.Mine.*ZeroDivisionError"):
        learner_class("failing_module.Mine")


def test_messages_list_the_learners_of_any_size_that_there_are(monkeypatch):
    def message():
        with pytest.raises(LearnerError) as caught:
            build_learner("LSTM", 4, 3).with_size(5, 3)
        return str(caught.value)

    named = [name for name in LEARNERS if name in message().partition("cannot read episodes of")[2]]
    assert named == [name for name in LEARNERS if learner_class(name).any_size]
    monkeypatch.setattr(learner_class("MAML"), "any_size", True)
    assert "MAML" in message()
