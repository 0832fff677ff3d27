"""Many pieces of work at once, on Ray: on this machine or on a cluster."""

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from gpicl.errors import ConfigError
from gpicl.experiments.sweep.engine import Engine, available_cores, in_worker, shared_threads
from gpicl.runs.worker import Outcome, guarded

# Times that Ray repeats a piece after its process or machine died, before it counts as failed.
RETRIES = 3
# Pieces only pass a configuration and a number, so Ray's object store can have the minimum size.
_OBJECT_STORE_BYTES = 80 * 2**20
# Ray's timeout for starting is half a minute, which is sometimes too short on a busy machine.
_STARTS = 3
_SILENT: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no usage reports
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Ray's future default; it warns otherwise
    "RAY_task_oom_retries": str(RETRIES),  # otherwise a run that needs too much memory is repeated for ever
}


class RayEngine(Engine):
    """Runs pieces on Ray; see `Engine`.

    If a worker or its machine dies for any reason, Ray runs the piece again elsewhere, at most three times. In rare
    cases (a machine that is cut off, not dead) the first attempt may still be running, so a piece must lock what it
    writes, as `train_and_measure` does.

    Args:
        address: Address of a cluster; None starts Ray on this machine, and stops it at the end.
        workers: Pieces at once; None for one per core of this machine, or as many as fit on the cluster.
        threads: Threads per piece; None shares the cores of this machine equally, and means 1 on a cluster.
        gpus: GPUs per piece.

    Raises:
        ConfigError: If Ray is not installed.
    """

    def __init__(
        self, address: str | None = None, workers: int | None = None, threads: int | None = None, gpus: float = 0.0
    ) -> None:
        self._ray = _import_ray()
        self._address = address
        self._workers = workers or (None if address else available_cores())
        self._threads = threads or (1 if address else shared_threads(self._workers or 1))
        self._gpus = gpus
        self._started = False
        where = "a Ray cluster" if address else "Ray on this machine"
        many = f"{self._workers} workers" if self._workers else "as many workers as there is room for"
        self.description = f"{where}, {many}, threads of each: {self._threads}"

    def run(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        on_start: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Run a function on every piece; see `Engine.run`. Ray decides when a piece starts: `on_start` is unused."""
        task = self._ray.remote(num_cpus=self._threads, num_gpus=self._gpus, max_retries=RETRIES)(guarded)
        folder = str(Path.cwd())
        left = list(range(len(pieces)))[::-1]
        running: dict[Any, int] = {}
        while left or running:
            while left and (self._workers is None or len(running) < self._workers):
                number = left.pop()
                running[task.remote(in_worker, (function, pieces[number], self._threads, folder))] = number
            done, _ = self._ray.wait(list(running))
            for reference in done:
                yield running.pop(reference), self._outcome(reference)

    def _outcome(self, reference: Any) -> Outcome:
        try:
            return self._ray.get(reference)
        except (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.OutOfMemoryError):
            return Outcome(None, f"its process was killed {RETRIES + 1} times, probably out of memory.")
        except self._ray.exceptions.RayError as error:
            # A task that never started, for example on a machine without this package.
            return Outcome(None, f"Ray could not run it: {str(error).strip().splitlines()[-1]}")

    def __enter__(self) -> "RayEngine":
        """Start Ray, or join the cluster; a Ray that is already initialised in this process is reused.

        Raises:
            ConfigError: If there is no cluster at the address, it has another version of Ray, or Ray cannot start.
        """
        if self._ray.is_initialized():
            return self
        if self._address is None:
            self._start_here()
        else:
            self._join(self._address)
        self._started = True
        return self

    def _start_here(self) -> None:
        failure: Exception | None = None
        for _ in range(_STARTS):
            failure = self._try_to_start()
            if failure is None:
                return
        raise ConfigError(
            f"Cannot start Ray on this machine: {_first_line(failure)}. Is the machine very busy? Try again, or leave "
            "--engine out."
        ) from failure

    def _try_to_start(self) -> Exception | None:
        try:
            self._ray.init(
                address="local",
                num_cpus=self._threads * (self._workers or 1),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **_SILENT,
            )
        except Exception as error:  # Ray raises no narrower class on a timeout
            self._ray.shutdown()
            return error
        return None

    def _join(self, address: str) -> None:
        try:
            _knock(address)
            self._ray.init(address=address, **_SILENT)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise ConfigError(
                f"Cannot join the Ray cluster at {address}: {_first_line(error)}. Start one with `ray start --head` "
                "and give its address, or leave --address out."
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop Ray and everything that still runs if it was started here; otherwise disconnect from the cluster."""
        if self._started:
            self._ray.shutdown()
            self._started = False


def _knock(address: str) -> None:
    """Check that an address accepts connections; Ray itself would wait for minutes if it does not."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _first_line(error: Exception | None) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _import_ray() -> ModuleType:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f'The engine ray needs Ray, which is not installed ({error}). Run pip install "gpicl[distributed]", or '
            "leave --engine out."
        ) from error
    return ray
