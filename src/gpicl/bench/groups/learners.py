"""Every learner: the time and the peak memory of its training step, and how both grow."""

from collections import defaultdict

from gpicl.bench.figures import Figure, median_figure
from gpicl.bench.flops import forward_flops, step_flops
from gpicl.bench.limits import Demand, Entry, measure_entries
from gpicl.bench.setting import Case, Measured, Setting, all_cases
from gpicl.bench.steps import TrainingStep, usage_of
from gpicl.bench.timing import Progress, timed
from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.runtime import physical_memory


def measure_steps(setting: Setting, on_progress: Progress) -> Measured:
    """Time forward, backward and Adam's step; where there is nothing to meta-train, the forward pass."""
    entries = [_entry(case, setting) for case in all_cases(setting.scale)]
    figures, _ = measure_entries("steps", entries, setting, on_progress)
    return Measured(figures, [])


def _entry(case: Case, setting: Setting) -> Entry:
    learner = case.build()
    trained = learner.num_parameters > 0
    flops = (step_flops if trained else forward_flops)(learner, case.batch, case.length)
    optimiser = build_optimiser(learner, TrainingConfig(optimiser="adam")) if trained else None
    width = f", d = {case.options['width']}" if "heads" in case.options else ""
    return Entry(
        f"{case.name}{width}, B = {case.batch}",
        timed(TrainingStep(learner, case.shape, setting, optimiser)),
        Demand({setting.kind: flops}),
        case.batch * case.length,
        "tokens",
    )


_MEMORY_STEPS = 2


def measure_memory(setting: Setting, on_progress: Progress) -> Measured:
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
        usage = usage_of(case, setting, _MEMORY_STEPS)
        if usage is None:
            notes.append(f"{name}: its process failed, most likely for lack of memory.")
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


_SCALING_STEPS = 3


def measure_scaling(setting: Setting, on_progress: Progress) -> Measured:
    """Take steps of the token Transformer at every length and batch, each time in a process of its own."""
    scale = setting.scale
    cells = {f"T = {length}, B = {batch}": (length, batch) for length in scale.lengths for batch in scale.batches}
    milliseconds, peaks = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for turn in range(scale.rounds):
        for done, (name, (length, batch)) in enumerate(cells.items()):
            on_progress((turn + done / len(cells)) / scale.rounds)
            if turn and not peaks[name]:
                continue  # the memory did not suffice the first time
            options = {**scale.transformer, "max_length": length}
            usage = usage_of(
                Case("TokenTransformer", options, batch, length, scale.num_features), setting, _SCALING_STEPS
            )
            if usage is not None:
                milliseconds[name] += [1e3 * seconds for seconds in usage.seconds]
                peaks[name].append((usage.peak - usage.idle) / 2**20)
    on_progress(1.0)
    figures: list[Figure] = []
    for name, (length, batch) in cells.items():
        if peaks[name]:
            tokens = length * batch
            figures.append(median_figure("scaling", name, milliseconds[name], "ms", count=tokens, of="tokens"))
            figures.append(median_figure("scaling", name, peaks[name], "MiB"))
    missing = [name for name in cells if not peaks[name]]
    notes = [f"Not enough memory for {'; '.join(missing)}."] if missing else []
    return Measured(figures, notes)
