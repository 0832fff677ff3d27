"""Cache of loaded learners, so that each is loaded only once per process."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from gpicl.learners import Learner
from gpicl.weights import CARD_FILE, find_weights, load_weights


def learner_at_hand(weights: str | PathLike[str], device: str = "cpu", dtype: torch.dtype = torch.float64) -> Learner:
    """Load a learner, or return the cached one, which must not be changed.

    Args:
        weights: See `find_weights`.
        device: Device of the learner.
        dtype: Precision of the learner.

    Raises:
        UnknownNameError: If it is neither a shipped name nor a folder.
        CheckpointError: If the folder holds no weights, or damaged ones.
    """
    folder = find_weights(weights)
    card = folder / CARD_FILE
    # The card is written last, so rewritten weights have a new modification time.
    written = card.stat().st_mtime_ns if card.exists() else 0
    return _load(folder.resolve(), written, device, dtype)


@lru_cache(maxsize=8)
def _load(folder: Path, written: int, device: str, dtype: torch.dtype) -> Learner:
    return load_weights(folder).to(device, dtype).requires_grad_(False)


def on_cpu() -> AbstractContextManager[Any]:
    """Return a context in which new tensors are on the CPU, independent of PyTorch's default device."""
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
