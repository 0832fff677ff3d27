"""Which precision a device gains from."""

from typing import Literal

import torch

from gpicl.learners.bfloat16 import multiplies_in_bf16


def lightning_precision(
    wanted: Literal["auto", "bf16", "fp32"], device: torch.device
) -> Literal["bf16-mixed", "32-true"]:
    """Translate a precision for Lightning; `auto` takes bfloat16 where the hardware multiplies in it.

    WHY not always bfloat16: without such instructions a CPU emulates it, at a fraction of float32's speed. Where it has
    them products run three times as fast. The weights stay in float32 either way.

    Args:
        wanted: What the configuration says.
        device: The device of the learner.
    """
    gains = wanted == "bf16" or (wanted == "auto" and multiplies_in_bf16(device))
    return "bf16-mixed" if gains else "32-true"
