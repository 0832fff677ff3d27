"""What every worker does around a piece of work."""

import os
from collections.abc import Callable
from typing import Any

from gpicl.errors import ConfigError


def in_worker(
    function: Callable[..., Any], piece: tuple[Any, ...], threads: int | None = None, folder: str | None = None
) -> Any:
    """Run a function as its caller would have run it.

    Args:
        function: What to run.
        piece: Its arguments.
        threads: Threads of PyTorch; None for its own choice.
        folder: Working folder of the caller, to which paths are relative; None where it is this process's own.

    Raises:
        ConfigError: If that folder is not on this machine.
    """
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise ConfigError(
                f"The folder {folder}, where the sweep was started, is not on the machine of this worker "
                f"({error.strerror}). Start it in a folder that all machines share."
            ) from error
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    return function(*piece)
