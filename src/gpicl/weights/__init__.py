"""Weights: learners on disk, without pickle."""

from gpicl.weights.named import find_weights, shipped_weights
from gpicl.weights.storage import CARD_FILE, WEIGHTS_FILE, check_can_be_saved, load_card, load_weights, save_weights

__all__ = [
    "CARD_FILE",
    "WEIGHTS_FILE",
    "check_can_be_saved",
    "find_weights",
    "load_card",
    "load_weights",
    "save_weights",
    "shipped_weights",
]
