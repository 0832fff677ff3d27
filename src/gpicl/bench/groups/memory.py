"""Peak memory of a training step of every learner."""

from gpicl.bench.cases import all_cases
from gpicl.bench.child import usage_of
from gpicl.bench.figure import Figure, median_figure
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress
from gpicl.runtime import physical_memory

_STEPS = 2


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Take two steps of every learner in a process of its own; memory hardly varies, so each is measured once."""
    cases = all_cases(setting.scale)[: setting.scale.learners]
    figures: list[Figure] = []
    notes = []
    total = physical_memory() / 2**20 or None
    idle = []
    for done, case in enumerate(cases):
        on_progress(done / len(cases))
        width = f", d = {case.options['width']}" if "heads" in case.options else ""
        name = f"{case.name}{width}, B = {case.batch}"
        usage = usage_of(case, setting, _STEPS)
        if usage is None:
            notes.append(f"{name}: its process failed, most likely for want of memory.")
            continue
        idle.append(usage.idle / 2**20)
        figures.append(
            median_figure("memory", name, [usage.peak / 2**20], "MiB", limit=total, limited_by="the machine's memory")
        )
    on_progress(1.0)
    if idle:
        imported = median_figure("memory", "everything imported, nothing done", idle, "MiB", limit=total)
        figures.insert(0, imported)
    return Measured(figures, notes)
