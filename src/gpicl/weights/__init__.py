"""Weights: learners on disk, without pickle."""

from gpicl.weights.storage import (
    CARD_FILE,
    WEIGHTS_FILE,
    check_can_be_saved,
    find_weights,
    is_shipped,
    load_card,
    load_weights,
    save_weights,
    shipped_weights,
)

__all__ = [
    "CARD_FILE",
    "WEIGHTS_FILE",
    "check_can_be_saved",
    "find_weights",
    "is_shipped",
    "load_card",
    "load_weights",
    "save_weights",
    "shipped_weights",
]
