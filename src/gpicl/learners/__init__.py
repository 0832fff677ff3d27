"""Learners: episodes in, logits out. One file per learner; they do not depend on data, tasks or meta-training."""

from gpicl.learners.base import EncodedContext, Learner, learners_of_any_size
from gpicl.learners.checks import check_learner
from gpicl.learners.fast_weight_memory import FastWeightMemory
from gpicl.learners.kernel_set_transformer import KernelSetTransformer
from gpicl.learners.kernel_transformer import KernelTransformer
from gpicl.learners.lstm import LSTM
from gpicl.learners.maml import MAML
from gpicl.learners.mlp import MLP
from gpicl.learners.outer_product_lstm import OuterProductLSTM
from gpicl.learners.registry import LEARNERS, build_learner, learner_class
from gpicl.learners.sgd import SGD
from gpicl.learners.token_transformer import TokenTransformer
from gpicl.learners.value_transformer import ValueTransformer
from gpicl.learners.vsml import VSML
from gpicl.learners.vsml_without_symmetries import VSMLWithoutSymmetries

__all__ = [
    "LEARNERS",
    "LSTM",
    "MAML",
    "MLP",
    "SGD",
    "VSML",
    "EncodedContext",
    "FastWeightMemory",
    "KernelSetTransformer",
    "KernelTransformer",
    "Learner",
    "OuterProductLSTM",
    "TokenTransformer",
    "VSMLWithoutSymmetries",
    "ValueTransformer",
    "build_learner",
    "check_learner",
    "learner_class",
    "learners_of_any_size",
]
