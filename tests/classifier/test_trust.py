"""Who is trusted, and how much."""

import pytest
import torch

from gpicl.classifier.trust import member_weights, share_of_guessing


def test_members_that_predicted_their_context_better_weigh_more():
    weights = member_weights(torch.tensor([[-0.1, -0.2], [-1.0, -1.0], [-0.1, -0.2]]))
    assert weights.sum().item() == pytest.approx(1)
    assert weights[0] == weights[2] > weights[1]


def test_good_predictions_are_left_alone_and_sure_mistakes_are_softened():
    labels = torch.tensor([0, 1, 0, 1])
    good = torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]])
    frequencies = torch.tensor([0.5, 0.5])
    assert share_of_guessing(good, labels, frequencies) == 0
    assert share_of_guessing(good.flip(1), labels, frequencies) == 0.9
