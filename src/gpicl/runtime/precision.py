"""Precision: which devices multiply in bfloat16, and which precision to train in there."""

from typing import Literal

import torch


def multiplies_in_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for products in bfloat16.

    Args:
        device: The device.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def lightning_precision(
    wanted: Literal["auto", "bf16", "fp32"], device: torch.device
) -> Literal["bf16-mixed", "32-true"]:
    """Translate a precision for Lightning; `auto` takes bfloat16 where the hardware multiplies in it.

    WHY not always bfloat16: without such instructions a CPU emulates it, at a fraction of float32's speed. With them,
    products run three times as fast. The weights stay in float32 either way.

    Args:
        wanted: What the configuration says.
        device: The device of the learner.
    """
    gains = wanted == "bf16" or (wanted == "auto" and multiplies_in_bf16(device))
    return "bf16-mixed" if gains else "32-true"
