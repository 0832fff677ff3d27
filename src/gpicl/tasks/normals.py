"""Standard normals, one generator per episode, in parallel."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from jaxtyping import Float32
from torch import Tensor


def standard_normals(
    keys: Sequence[int], rows: int, columns: int, device: torch.device
) -> Float32[Tensor, "B rows columns"]:
    """Draw one matrix of standard normals per key.

    WHY one generator each: the matrix of a key is then the same in every batch. Drawing is most of the cost of a task
    and torch releases the interpreter's lock while it draws, so on a CPU threads share the work.

    Args:
        keys: Seeds, one per episode.
        rows: Rows of each matrix.
        columns: Columns of each matrix.
        device: Where to draw. Other devices draw other numbers from the same keys.
    """
    normals = torch.empty(len(keys), rows, columns, device=device)

    def draw(first: int, step: int) -> None:
        generator = torch.Generator(device)
        for i in range(first, len(keys), step):
            generator.manual_seed(keys[i])
            normals[i].normal_(generator=generator)

    workers = min(torch.get_num_threads(), len(keys)) if device.type == "cpu" else 1
    if workers <= 1:
        draw(0, 1)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda first: draw(first, workers), range(workers)))
    return normals
