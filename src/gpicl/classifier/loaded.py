"""Learners that have been loaded for classifiers, so that loading is paid for once a process."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from gpicl.learners import Learner
from gpicl.weights import CARD_FILE, find_weights, load_weights


def learner_at_hand(weights: str | PathLike[str], device: str = "cpu", dtype: torch.dtype = torch.float64) -> Learner:
    """Load a learner, or give the one that was loaded before; nobody changes it.

    Args:
        weights: See `find_weights`.
        device: Where it computes.
        dtype: In which precision.

    Raises:
        UnknownNameError: If it is neither a shipped name nor a folder.
        CheckpointError: If the folder holds no weights, or damaged ones.
    """
    folder = find_weights(weights)
    card = folder / CARD_FILE
    # The card is written last, so weights that were written anew have a new one.
    written = card.stat().st_mtime_ns if card.exists() else 0
    return _load(folder.resolve(), written, device, dtype)


@lru_cache(maxsize=8)
def _load(folder: Path, written: int, device: str, dtype: torch.dtype) -> Learner:
    return load_weights(folder).to(device, dtype).requires_grad_(False)


def on_cpu() -> AbstractContextManager[Any]:
    """Make tensors on the CPU while a `with` block runs, whatever PyTorch's default device is."""
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
