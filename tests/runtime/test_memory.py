"""Memory that is kept from step to step."""

import platform
import subprocess
import sys

import pytest

only_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")

PROGRAM = """
import ctypes
import resource
import torch
from gpicl.runtime import freed_memory_kept

PR_SET_THP_DISABLE = 41  # or one fault would bring 2 MiB, on systems whose pages are huge by default
ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)

def faults(times=5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        parts = [torch.zeros(2**24) for _ in range(2)]  # 64 MiB each: what is smaller, glibc may happen to keep
        del parts
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

faults()
usual = faults()
with freed_memory_kept():
    with freed_memory_kept():
        faults(12)  # until the pieces fit
    held = resident()
    kept = faults()
print(usual, kept, held, resident(), faults())
"""


@only_glibc
def test_the_system_is_not_asked_again_for_what_was_freed_until_the_block_ends():
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    usual, kept, held, left, after = map(int, done.stdout.split())
    assert usual > 10_000, "else there would be nothing to gain"
    assert kept < usual / 100, "also when an inner block has ended"
    assert left < held - 20_000, "what was held is given back, in pages of 4 KiB"
    assert after > 10_000, "and from then on all is as usual"


def test_errors_pass_through():
    from gpicl.runtime import freed_memory_kept

    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
