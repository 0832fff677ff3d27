"""Devices that tasks are made on."""

import pytest
import torch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(params=DEVICES)
def device(request) -> str:
    """Every device that this machine has."""
    return request.param


@pytest.fixture(params=["numpy", "tensors", *DEVICES[1:]])
def generator(request, monkeypatch) -> str:
    """Every generator of random numbers, the last being the GPU's where there is one.

    `tensors` are the operations that a device without NumPy or Triton takes; the CPU is made to take them too.
    """
    if request.param == "tensors":
        monkeypatch.setattr("gpicl.tasks.randomness._WITHOUT_NUMPY", True)
    return "cuda" if request.param == "cuda" else "cpu"
