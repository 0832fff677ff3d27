"""Precision: which devices multiply in bfloat16, and in which precision to train."""

from typing import Literal

import torch


def multiplies_in_bf16(device: torch.device) -> bool:
    """Return whether a device has instructions for products in bfloat16."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def lightning_precision(
    wanted: Literal["auto", "bf16", "fp32"], device: torch.device
) -> Literal["bf16-mixed", "32-true"]:
    """Translate a configured precision for Lightning; `auto` is bfloat16 if the hardware multiplies in it.

    WHY not always bfloat16: a CPU without such instructions emulates it, at a fraction of float32's speed. With them,
    products run three times as fast. The weights stay in float32 either way.

    Args:
        wanted: Precision from the configuration.
        device: Device that the learner is on.
    """
    gains = wanted == "bf16" or (wanted == "auto" and multiplies_in_bf16(device))
    return "bf16-mixed" if gains else "32-true"
