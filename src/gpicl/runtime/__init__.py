"""The machine: its devices, precision, memory and threads. Independent of learners and tasks."""

from gpicl.runtime.chunks import Chunks, is_out_of_memory
from gpicl.runtime.devices import find_device, is_available
from gpicl.runtime.machine import describe_machine, machine_description
from gpicl.runtime.memory import freed_memory_kept, physical_memory
from gpicl.runtime.precision import lightning_precision, multiplies_in_bf16
from gpicl.runtime.threads import one_blas_thread

__all__ = [
    "Chunks",
    "describe_machine",
    "find_device",
    "freed_memory_kept",
    "is_available",
    "is_out_of_memory",
    "lightning_precision",
    "machine_description",
    "multiplies_in_bf16",
    "one_blas_thread",
    "physical_memory",
]
