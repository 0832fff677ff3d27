"""Labels of members whose learners have only so many."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl.classifier.codes import class_log_probabilities, decode, draw_codes, members_needed

sizes = st.tuples(st.integers(2, 40), st.integers(2, 10), st.integers(0, 9))


@settings(max_examples=40)
@given(sizes)
def test_the_members_that_are_needed_tell_all_classes_apart(size):
    num_classes, num_labels, seed = size
    members = members_needed(num_classes, num_labels)
    codes = draw_codes(num_classes, num_labels, members, np.random.RandomState(seed))
    assert codes.shape == (members, num_classes)
    assert codes.min() >= 0
    assert codes.max() < num_labels
    assert len({tuple(word) for word in codes.T}) == num_classes
    if num_classes <= num_labels:
        assert members == 1
        assert all(len(set(code)) == num_classes for code in codes)


def test_labels_that_stand_for_no_class_get_no_probability():
    logits = torch.tensor([[[1.0, 5.0, 2.0]]])
    found = class_log_probabilities(logits, torch.tensor([[2, 0]])).exp()
    torch.testing.assert_close(found, torch.tensor([[[2.0, 1.0]]]).softmax(2))


@settings(max_examples=20)
@given(sizes)
def test_members_that_are_sure_of_their_groups_are_sure_of_the_class(size):
    num_classes, num_labels, seed = size
    codes = torch.from_numpy(
        draw_codes(num_classes, num_labels, members_needed(num_classes, num_labels), np.random.RandomState(seed))
    )
    for truth in range(num_classes):
        logits = 50.0 * torch.nn.functional.one_hot(codes[:, truth], num_labels).float()[:, None]
        assert decode(class_log_probabilities(logits, codes), num_labels)[0].argmax() == truth


def test_decoding_keeps_to_probabilities():
    codes = torch.from_numpy(draw_codes(12, 3, members_needed(12, 3), np.random.RandomState(0)))
    found = decode(class_log_probabilities(torch.randn(len(codes), 5, 3), codes), 3)
    assert found.shape == (5, 12)
    assert found.sum(1).numpy() == pytest.approx(1)
