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
        device: Literal["auto", "cpu", "cuda"] = "auto",
        scale: str = "full",
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        progress: bool = True,
    ) -> None:
        """Measure how fast training, meta-testing and classifying are on this machine. Takes about five minutes.

        Args:
            only: Groups with commas between them: tasks, steps, training, metatest, classifier.
            output: File for the results, as JSON.
            device: cpu, cuda, or the GPU if there is one (auto).
            scale: full, or smoke (under a minute; shows that everything runs and measures nothing).
            precision: Precision of the learners' products: bf16 where the device gains from it (auto), or as named.
            progress: Show what is being measured.
        """
        from gpicl.bench.report import report_bench
        from gpicl.files import check_output

        check_output(output)
        command = shlex.join(["gpicl", "bench", *arguments])
        report_bench(only, Path(output), scale, device, precision, command, progress)

    run_typed_command(bench, arguments)
