"""Time and memory as batches and episodes grow."""

from collections import defaultdict

from gpicl.bench.cases import Case
from gpicl.bench.child import usage_of
from gpicl.bench.figure import Figure, median_figure
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress

_STEPS = 3


def measure(setting: Setting, on_progress: Progress) -> Measured:
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
            usage = usage_of(Case("TokenTransformer", options, batch, length, scale.num_features), setting, _STEPS)
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
