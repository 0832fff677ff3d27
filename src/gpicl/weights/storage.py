"""Weights on disk: a `safetensors` file and, beside it, a JSON card that says how to rebuild the learner.

WHY not pickle: loading somebody's weights must not be able to run somebody's code.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gpicl.errors import CheckpointError, GpiclError
from gpicl.files import write_atomically
from gpicl.learners import LEARNERS, Learner, build_learner

WEIGHTS_FILE = "weights.safetensors"
"""Name of the file with the tensors."""
CARD_FILE = "weights.json"
"""Name of the file that says what they are and how they came about."""
_FORMAT = 1
_building = threading.Lock()


def save_weights(learner: Learner, folder: Path | str, **card: Any) -> Path:
    """Save a learner so that `load_weights` can rebuild it. The card is written last, so its presence means success.

    Args:
        learner: The learner.
        folder: An existing folder.
        card: Whatever else the card should say; JSON values.

    Returns:
        The path of the weights.
    """
    folder = Path(folder)
    weights = folder / WEIGHTS_FILE
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in learner.state_dict().items()}
    write_atomically(weights, lambda part: save_file(state, part))
    described = {
        "format": _FORMAT,
        "learner": learner_name(learner),
        "options": learner.options,
        "parameters": learner.num_parameters,
        "sha256": _digest(weights),
        **card,
    }
    text = json.dumps(described, indent=2) + "\n"
    write_atomically(folder / CARD_FILE, lambda part: part.write_text(text))
    return weights


def load_card(folder: Path | str) -> dict[str, Any]:
    """Read the card of the weights in a folder.

    Args:
        folder: A run's folder, or any other that `save_weights` has written.

    Raises:
        CheckpointError: If there is none, or it cannot be read.
    """
    path = Path(folder) / CARD_FILE
    try:
        card = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise CheckpointError(
            f"No weights in {folder}: {CARD_FILE} is missing. Name the folder of a finished `gpicl train` run; "
            "an unfinished one is finished by the command that started it."
        ) from error
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"Cannot read {path}: {error}. Restore the file, or meta-train again.") from error
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is no card of format {_FORMAT}, the one that this version of gpicl reads. Meta-train again, or "
            "install the version that wrote it."
        )
    return card


def load_weights(folder: Path | str) -> Learner:
    """Rebuild a learner from a folder, on the CPU, in float32 and in evaluation mode.

    PyTorch's default device, default dtype, inference mode and random state make no difference, and stay as they are.

    Args:
        folder: A run's folder, or any other that `save_weights` has written.

    Raises:
        CheckpointError: If files are missing or damaged, or the weights are those of another learner.
    """
    card = load_card(folder)
    path = Path(folder) / WEIGHTS_FILE
    remedy = "Restore the file, or meta-train again."
    try:
        if _digest(path) != card["sha256"]:
            raise CheckpointError(f"{path} is damaged: its checksum is not that of its card. {remedy}")
        learner = rebuild_learner(card["learner"], card["options"], load_file(path))
    except GpiclError as error:
        raise CheckpointError(str(error)) from error
    except (OSError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"Cannot read the weights {path}: {error}. {remedy}") from error
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights {path} do not fit {card['learner']} as its card describes it: {error} {remedy}"
        ) from error
    return learner


def rebuild_learner(name: str, options: dict[str, Any], state: dict[str, torch.Tensor]) -> Learner:
    """Build a learner that has been described, on the CPU, in the precision of its state and in evaluation mode.

    Args:
        name: See `learner_name`.
        options: The learner's `options`.
        state: The learner's `state_dict()`.

    Raises:
        GpiclError: See `build_learner`.
        RuntimeError: If the state is another learner's.
    """
    others = {k: v for k, v in options.items() if k not in ("num_features", "num_classes")}
    dtypes = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    with _plain_torch():
        learner = build_learner(name, options["num_features"], options["num_classes"], **others)
        if len(dtypes) == 1:
            learner.to(dtypes.pop())
        learner.load_state_dict(state)
    return learner.eval()


def learner_name(learner: Learner) -> str:
    """Give the name by which `build_learner` finds a learner's class.

    Args:
        learner: The learner.
    """
    cls = type(learner)
    return cls.__name__ if LEARNERS.get(cls.__name__) == cls.__module__ else f"{cls.__module__}.{cls.__qualname__}"


@contextmanager
def _plain_torch() -> Iterator[None]:
    """Build on the CPU and in float32, whatever the caller has set, and draw nothing from the caller's random state.

    WHY a lock: the default dtype and the random state belong to the whole process.
    """
    with _building, torch.device("cpu"), torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
