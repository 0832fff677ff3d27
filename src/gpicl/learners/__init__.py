"""Learners: episodes in, logits out; one learner a file. They know nothing of data, tasks or meta-training."""

from gpicl.learners.base import Learner
from gpicl.learners.registry import LEARNERS, build_learner, learner_class
from gpicl.learners.token_transformer import TokenTransformer
from gpicl.learners.value_transformer import ValueTransformer

__all__ = ["LEARNERS", "Learner", "TokenTransformer", "ValueTransformer", "build_learner", "learner_class"]
