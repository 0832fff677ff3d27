"""How long commands take to start."""

import subprocess
import sys
from functools import partial

from gpicl.bench.figures import Figure, median_figure
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, interleaved, timed

_PYTHON, _TORCH = "python alone", "python and torch"
# What is started, and what it cannot be faster than.
_COMMANDS: dict[str, tuple[tuple[str, ...], str | None]] = {
    _PYTHON: (("-c", "pass"), None),
    _TORCH: (("-c", "import torch"), None),
    "import gpicl": (("-c", "import gpicl"), _PYTHON),
    "gpicl --help": (("-m", "gpicl.cli.main", "--help"), _PYTHON),
    "gpicl train --help": (("-m", "gpicl.cli.main", "train", "--help"), _PYTHON),
    "import the classifier": (("-c", "from gpicl import InContextClassifier"), _TORCH),
}


def measure_startup(setting: Setting, on_progress: Progress) -> Measured:
    """Time fresh processes, beside one that does nothing and one that only imports PyTorch."""
    scale = setting.scale
    samplers = {name: timed(partial(_run, *arguments)) for name, (arguments, _) in _COMMANDS.items()}
    samples = interleaved(samplers, scale.seconds, scale.least, scale.most, on_progress)
    figures: dict[str, Figure] = {}
    for name, (_, beside) in _COMMANDS.items():
        least = None if beside is None else figures[beside].value
        milliseconds = [1e3 * seconds for seconds in samples[name]]
        figures[name] = median_figure("startup", name, milliseconds, "ms", limit=least, limited_by=beside or "")
    return Measured(list(figures.values()), [])


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
