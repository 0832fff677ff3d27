"""`gpicl bench`."""

import shlex
from pathlib import Path
from typing import Literal

from gpicl.cli.typed_command import run_typed_command


def main(arguments: list[str]) -> None:
    """Run the command."""

    def bench(
        only: str | None = None,
        output: str = "bench.json",
        device: str | None = None,
        scale: str = "full",
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        progress: bool = True,
    ) -> None:
        """Measure the speed of training, meta-testing and classification on this machine. Takes about five minutes.

        Args:
            only: Comma-separated groups: tasks, steps, training, metatest, classifier.
            output: JSON file for the results.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
            scale: full, or smoke (under a minute; checks that everything runs, without useful timings).
            precision: Precision of matrix products: bf16, fp32, or auto for bf16 where the device is faster with it.
            progress: Show progress.
        """
        from gpicl.bench.report import report_bench
        from gpicl.files import check_output

        check_output(output)
        command = shlex.join(["gpicl", "bench", *arguments])
        report_bench(only, Path(output), scale, device, precision, command, progress)

    run_typed_command(bench, arguments)
