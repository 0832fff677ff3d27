"""Which devices multiply in bfloat16."""

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
