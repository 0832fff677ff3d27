"""A whole benchmark, from its options to its tables and its file."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gpicl.bench.figures import Results, check_comparable, compare, read_results, write_results
from gpicl.bench.groups import GROUPS, chosen_groups, find_group
from gpicl.bench.setting import Precision, Setting, find_scale
from gpicl.bench.table import print_changes, print_figures, print_growth
from gpicl.files import make_folder
from gpicl.runtime import describe_machine

_WIDTH = 160


def run_bench(
    groups: list[str],
    setting: Setting,
    command: str = "",
    on_progress: Callable[[str, float], object] = lambda *_: None,
    on_group: Callable[[str, Results], object] = lambda *_: None,
) -> Results:
    """Measure group by group.

    Args:
        groups: Names of the groups.
        setting: Sizes and precision.
        command: What was typed; noted.
        on_progress: Told the group and which part of it is done.
        on_group: Given every group's name and the results so far, as soon as it is measured.
    """
    results = Results(setting.scale.name, setting.kind, describe_machine(), version("gpicl"), command)
    for name in groups:
        measured = find_group(name)(setting, lambda part, name=name: on_progress(name, part))  # type: ignore[misc]
        results.figures += measured.figures
        results.notes += measured.notes
        on_group(name, results)
    return results


def report_bench(
    only: str | None,
    output: Path,
    earlier: Path | None,
    scale: str,
    precision: Precision,
    command: str,
    progress: bool,
) -> None:
    """Measure, print a table for every group as soon as it is there, and write the file.

    WHY the file is written after every group: whatever ends the benchmark, what was measured stays.

    Args:
        only: See `chosen_groups`.
        output: File for the results.
        earlier: File of earlier results to compare with.
        scale: See `find_scale`.
        precision: See `Setting.of`.
        command: What was typed.
        progress: Show a progress bar.

    Raises:
        GpiclError: If an option is wrong, before anything is measured.
    """
    groups = chosen_groups(only)
    setting = Setting.of(find_scale(scale), precision)
    before = None if earlier is None else read_results(earlier)
    if before is not None:
        check_comparable(before, setting.scale.name, setting.kind)
    make_folder(output.parent)
    # A pipe has no width of its own, and a table should not be cut for it.
    tables, errors = Console(width=None if sys.stdout.isatty() else _WIDTH), Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=errors, disable=not progress
    )
    task = bar.add_task("", total=len(groups))

    def on_progress(group: str, part: float) -> None:
        bar.update(task, description=group, completed=groups.index(group) + part)

    def on_group(group: str, results: Results) -> None:
        write_results(results, output)
        figures = [figure for figure in results.figures if figure.group == group]
        if figures:
            (print_growth if group == "scaling" else print_figures)(GROUPS[group], figures, tables)

    with bar:
        results = run_bench(groups, setting, command, on_progress, on_group)
    if before is not None:
        if before.machine != results.machine:
            results.notes.append(f"{earlier} is of another machine, or of another number of threads.")
        print_changes(compare(before, results), tables)
    for note in results.notes:
        errors.print(f"Note: {note}", highlight=False, soft_wrap=True, markup=False)
    errors.print(f"Results: {output}", highlight=False, soft_wrap=True)
