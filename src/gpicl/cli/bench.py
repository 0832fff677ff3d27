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
        compare: str | None = None,
        scale: str = "full",
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        progress: bool = True,
    ) -> None:
        """Measure how fast everything is on this machine, beside what it could do at best. Takes under five minutes.

        Args:
            only: Groups with commas between them: tasks, steps, quickstart, metatest, classifier, gpt2, startup,
                memory; and scaling, which takes ten minutes and is measured only if named.
            output: File for the results, as JSON.
            compare: File of earlier results to compare with.
            scale: full, or smoke (seconds; a test that all is well, no measurement).
            precision: Precision of the learners' products: bf16 where the machine gains from it (auto), or as named.
            progress: Show a progress bar.
        """
        from gpicl.bench.run import report_bench
        from gpicl.files import check_output

        check_output(output, [] if compare is None else [compare])
        command = shlex.join(["gpicl", "bench", *arguments])
        report_bench(
            only, Path(output), None if compare is None else Path(compare), scale, precision, command, progress
        )

    run_typed_command(bench, arguments)
