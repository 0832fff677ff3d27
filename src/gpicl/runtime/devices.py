"""Devices: finding the one that work is to run on, and going on with smaller chunks where its memory runs out."""

import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from gpicl.errors import ConfigError

T = TypeVar("T")


def find_device(name: str | torch.device | None = None) -> torch.device:
    """Find a device by its name.

    Args:
        name: `cpu`, `cuda`, or `cuda:1` for the second GPU; None for the GPU if there is one, else the CPU.

    Raises:
        ConfigError: If there is no such device, or not on this machine.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise ConfigError(f"Unknown device {name!r}. {_ACCEPTED}") from error
    if device.type not in ("cpu", "cuda") or (device.type == "cpu" and device.index is not None):
        raise ConfigError(f"Unknown device {str(name)!r}. {_ACCEPTED}")
    if device.type == "cuda" and not is_available(device):
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        there = f"has {gpus} GPU{'s' * (gpus > 1)}, counted from cuda:0" if gpus else "has no GPU that PyTorch can use"
        raise ConfigError(f"The device {str(name)!r} is not available: this machine {there}. {_ACCEPTED}")
    return device


_ACCEPTED = "Choose cpu, cuda, or cuda:1 for the second GPU; without a choice, the GPU is used if there is one."


def is_available(device: torch.device) -> bool:
    """Whether this machine has a device.

    Args:
        device: A CPU or a GPU.
    """
    if device.type == "cpu":
        return True
    return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()


class Chunks:
    """Works on many things, some at a time, and on half as many at a time whenever memory runs out.

    Args:
        size: How many at a time to begin with.
        what: What they are, in the plural, for the note.
        note: Called with a sentence when the size is halved; None issues a warning.

    Attributes:
        size: How many at a time now.
    """

    def __init__(self, size: int, what: str, note: Callable[[str], object] | None = None) -> None:
        self.size = size
        self._what, self._note = what, note

    def work(self, count: int, function: Callable[[int, int], T]) -> Iterator[T]:
        """Call a function on one chunk after the other.

        Args:
            count: How many things there are.
            function: Works on those from its first argument up to its second, exclusive. Where it runs out of memory it
                is called again with fewer, so it must leave nothing behind before it has succeeded.

        Yields:
            What the function returns of each chunk, in order.

        Raises:
            ConfigError: If a single one takes more memory than there is.
        """
        first = 0
        while first < count:
            last = min(first + self.size, count)
            try:
                result = function(first, last)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).strip().partition("\n")[0]
            else:
                yield result
                first = last
                continue
            # Out here, as the error holds on to the tensors of the function as long as it is handled.
            self._halve(last - first, reason)

    def _halve(self, tried: int, reason: str) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if tried == 1:
            raise ConfigError(
                f"Out of memory with a single one of the {self._what}: {reason} Choose a device with more memory, such "
                "as cpu, or shorter episodes or a smaller context."
            )
        self.size = tried // 2
        message = f"Out of memory with {tried} {self._what} at once; going on with {self.size} at once."
        if self._note is None:
            warnings.warn(message, stacklevel=2)
        else:
            self._note(message)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory, on whatever device."""
    # The CPU's allocator has no error of its own.
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error)
