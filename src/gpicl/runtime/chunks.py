"""Work in chunks, which become smaller when memory runs out."""

import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from gpicl.errors import ConfigError

T = TypeVar("T")


class Chunks:
    """Processes items in chunks, and halves the chunk size whenever memory runs out.

    Args:
        size: Initial number of items in a chunk.
        what: What the items are, in the plural, for messages.
        note: Called with a message when the size is halved. None: a warning is issued.

    Attributes:
        size: Current number of items in a chunk.
    """

    def __init__(self, size: int, what: str, note: Callable[[str], object] | None = None) -> None:
        self.size = size
        self._what, self._note = what, note

    def work(self, count: int, function: Callable[[int, int], T]) -> Iterator[T]:
        """Call a function on one chunk after the other.

        Args:
            count: Total number of items.
            function: Takes the first index of a chunk and the last, exclusive. If it runs out of memory it is called
                again with a smaller chunk, so it must have no side effects unless it succeeds.

        Yields:
            The result of each chunk, in order.

        Raises:
            ConfigError: If a single item does not fit in memory.
        """
        first = 0
        while first < count:
            last = min(first + self.size, count)
            try:
                result = function(first, last)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).strip().partition("\n")[0]
            else:
                yield result
                first = last
                continue
            # Outside the handler: within it the error keeps the function's tensors alive.
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
        message = f"Out of memory with {tried} {self._what} at once; continuing with {self.size} at once."
        if self._note is None:
            warnings.warn(message, stacklevel=2)
        else:
            self._note(message)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory, on any device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # The CPU allocator, CUDA's libraries and Triton have no exception class for this.
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


_SIGNS = ("can't allocate memory", "out of memory", "_ALLOC_FAILED")
