"""Learners that have been loaded for classifiers, so that loading is paid for once a process."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from gpicl.learners import Learner
from gpicl.weights import CARD_FILE, find_weights, load_weights


def learner_at_hand(weights: str | PathLike[str]) -> Learner:
    """Load a learner in float64, or give the one that was loaded before; nobody changes it.

    Args:
        weights: See `find_weights`.

    Raises:
        UnknownNameError: If it is neither a shipped name nor a folder.
        CheckpointError: If the folder holds no weights, or damaged ones.
    """
    folder = find_weights(weights)
    card = folder / CARD_FILE
    # The card is written last, so weights that were written anew have a new one.
    written = card.stat().st_mtime_ns if card.exists() else 0
    return _load(folder.resolve(), written)


@lru_cache(maxsize=8)
def _load(folder: Path, written: int) -> Learner:
    return load_weights(folder).to(torch.float64).requires_grad_(False)


def on_cpu() -> AbstractContextManager[Any]:
    """Make tensors on the CPU, where learners lie, while a `with` block runs, whatever PyTorch's default device is."""
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
