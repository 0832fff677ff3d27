"""A whole benchmark."""

from collections.abc import Callable
from importlib.metadata import version

from gpicl.bench.groups import find_group
from gpicl.bench.results import Results
from gpicl.bench.setting import Setting
from gpicl.runtime import describe_machine


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
