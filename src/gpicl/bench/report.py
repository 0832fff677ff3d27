"""Running a benchmark, its table and its results file."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gpicl.bench.groups import GROUPS, chosen_groups
from gpicl.bench.timing import SCALES, Figure, Session
from gpicl.errors import UnknownNameError
from gpicl.files import make_folder, write_atomically
from gpicl.runtime import describe_machine, find_device

_WIDTH = 160
_FORMAT = 2


@dataclass
class Results:
    """Results of a benchmark.

    Attributes:
        command: Command line.
        scale: Sizes of the work.
        precision: Precision of the learners' products.
        machine: Description of the machine, including the device.
        version: Version of gpicl.
        date: Start time, ISO 8601 in UTC.
        peaks: Peak rates of the device: products in FLOP/s by precision, `memory` in bytes/s.
        figures: The figures.
    """

    command: str
    scale: str
    precision: str
    machine: dict[str, Any]
    version: str = field(default_factory=lambda: version("gpicl"))
    date: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))
    peaks: dict[str, float] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the results as JSON, atomically.

        Args:
            path: File to write.
        """
        content = {"format": _FORMAT, **asdict(self)}
        for row, figure in zip(content["figures"], self.figures, strict=True):
            row["per_second"] = figure.per_second
        write_atomically(path, lambda part: part.write_text(json.dumps(content, indent=1) + "\n"))


def run_bench(
    groups: Iterable[str],
    scale: str,
    device: torch.device,
    precision: Literal["auto", "bf16", "fp32"] = "auto",
    command: str = "",
    on_figure: Callable[[Results], object] = lambda _: None,
) -> Results:
    """Run groups of measurements.

    Args:
        groups: Names in `GROUPS`.
        scale: `full`, or `smoke`, which only checks that everything runs.
        device: Device to measure.
        precision: See `TrainingConfig.precision`.
        command: Command line, stored in the results.
        on_figure: Called with the results so far, after every figure.

    Raises:
        UnknownNameError: If the scale is unknown.
    """
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES)
    if device.index is not None:
        torch.cuda.set_device(device)  # graphs and short runs use the current GPU
    session = Session(scale, device, precision)
    results = Results(command, scale, session.kind, _machine(device))
    for name in groups:
        for figure in GROUPS[name][1](session):
            results.figures.append(figure)
            results.peaks = session.peaks()
            on_figure(results)
    return results


def report_bench(
    only: str | None,
    output: Path,
    scale: str,
    device: str | None,
    precision: Literal["auto", "bf16", "fp32"],
    command: str,
    progress: bool,
) -> None:
    """Measure, write every figure to the file as soon as it is measured, and print the table.

    Args:
        only: See `chosen_groups`.
        output: File for the results.
        scale: See `run_bench`.
        device: Device to measure; see `find_device`.
        precision: See `run_bench`.
        command: See `run_bench`.
        progress: Whether to show the latest figure.

    Raises:
        GpiclError: If an option is wrong, before anything is measured.
    """
    groups = chosen_groups(only)
    where = find_device(device)
    errors = Console(stderr=True, quiet=not progress)
    with errors.status("Measuring") as status:

        def on_figure(results: Results) -> None:
            if not results.figures[1:]:
                make_folder(output.parent)
            results.write(output)
            last = results.figures[-1]
            status.update(f"{last.group}: {last.name}, {last.milliseconds:.3g} ms")

        results = run_bench(groups, scale, where, precision, command, on_figure)
    # A pipe has no width, and the table should not be cut.
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(results_table(results))
    Console(stderr=True).print(f"Results: {output}", highlight=False, soft_wrap=True, markup=False)


def results_table(results: Results) -> Table:
    """Return the table of all figures: a row for each timed piece of work, the device's peaks below.

    Args:
        results: Results of `run_bench`.
    """
    table = Table(title=f"{results.machine['device']}, {results.precision}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True, overflow="fold")
    captured = any(figure.mode == "graph" for figure in results.figures)
    columns = ["ms", *(["as a CUDA graph, ms"] if captured else []), "quartiles", "per second", "of the peak"]
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in results.figures:
        rows.setdefault((figure.group, figure.name), {})[figure.mode] = figure
    told = ""
    for (group, name), modes in rows.items():
        if group != told:
            table.add_section()
            table.add_row(f"[bold]{GROUPS[group][0]}[/bold]")
            told = group
        eager, graph = modes.get("eager"), modes.get("graph")
        best = list(modes.values())[-1]  # the graph if there is one; it is timed last
        table.add_row(
            f"  {name}",
            _number(eager.milliseconds) if eager else "",
            *([_number(graph.milliseconds) if graph else ""] if captured else []),
            f"{_number(best.low)} to {_number(best.high)}" if best.repeats > 1 else "",
            f"{_number(best.per_second)} {best.of}" if best.per_second else "",
            f"{best.peak_share:.1%}" if best.peak_share is not None else "",
        )
    peaks = [f"{kind} products {rate / 1e9:,.0f} GFLOP/s" for kind, rate in results.peaks.items() if kind != "memory"]
    if "memory" in results.peaks:
        peaks.append(f"memory {results.peaks['memory'] / 1e9:,.0f} GB/s")
    table.caption, table.caption_justify = f"Peaks: {', '.join(peaks)}.", "left"
    return table


def _machine(device: torch.device) -> dict[str, Any]:
    machine: dict[str, Any] = describe_machine()
    if device.type == "cuda":
        return {**machine, "device": torch.cuda.get_device_name(device), "cuda": torch.version.cuda}
    return {**machine, "device": machine["processor"]}


def _number(value: float) -> str:
    """Three significant digits; no decimals from 100 on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
