"""Devices by name, and going on with less where memory runs out."""

import pytest
import torch

from gpicl.errors import ConfigError
from gpicl.runtime import Chunks, find_device, is_out_of_memory


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_the_default_is_the_gpu_if_there_is_one(two_gpus):
    assert find_device() == torch.device("cuda")
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("cuda:1") == find_device(torch.device("cuda:1")) == torch.device("cuda:1")
    with pytest.raises(ConfigError, match="'cuda:2' is not available: this machine has 2 GPUs, counted from cuda:0"):
        find_device("cuda:2")


def test_without_a_gpu_it_is_the_cpu(no_gpu):
    assert find_device() == torch.device("cpu")
    with pytest.raises(ConfigError, match=r"'cuda' is not available: this machine has no GPU .* Choose cpu"):
        find_device("cuda")


@pytest.mark.parametrize("name", ["meta", "gpu", "", "cuda:x", "cpu:1", "mps"])
def test_other_devices_are_refused(name):
    with pytest.raises(ConfigError, match=r"Unknown device .*Choose cpu, cuda, or cuda:1"):
        find_device(name)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("Triton Error [CUDA]: out of memory"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_recognised_in_every_part_of_torch(error, expected):
    assert is_out_of_memory(error) is expected


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nAnd more."),
    MemoryError("Unable to allocate 2 GiB for an array"),
]


def _only(most, asked, error=OUT_OF_MEMORY[0]):
    def work(first, last):
        asked.append(last - first)
        if last - first > most:
            raise error
        return list(range(first, last))

    return work


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["torch", "NumPy"])
def test_out_of_memory_halves_the_chunk_and_goes_on_with_a_note(error):
    asked, notes = [], []
    chunks = Chunks(16, "episodes", notes.append)
    assert [n for part in chunks.work(21, _only(5, asked, error)) for n in part] == list(range(21))
    assert asked == [16, 8, 4, 4, 4, 4, 4, 1]
    assert chunks.size == 4
    assert notes == [
        "Out of memory with 16 episodes at once; continuing with 8 at once.",
        "Out of memory with 8 episodes at once; continuing with 4 at once.",
    ]


def test_the_memory_of_a_cpu_runs_out_too():
    def work(first, last):
        if last - first > 1:
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
            )
        return first

    with pytest.warns(UserWarning, match="Out of memory with 2 queries at once; continuing with 1 at once"):
        assert list(Chunks(2, "queries").work(3, work)) == [0, 1, 2]


def test_where_one_alone_is_too_much_it_says_what_to_do():
    with pytest.raises(ConfigError, match=r"single one of the queries: CUDA out of memory\. .* such as cpu"):
        list(Chunks(2, "queries", lambda _: None).work(2, _only(0, [])))


def test_other_errors_pass():
    def work(first, last):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        list(Chunks(2, "queries").work(2, work))
