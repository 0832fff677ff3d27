"""How fast training, meta-testing and classifying are on a device, beside what the device can do at best."""

from gpicl.bench.groups import GROUPS
from gpicl.bench.report import Results, run_bench
from gpicl.bench.timing import Figure, Session

__all__ = ["GROUPS", "Figure", "Results", "Session", "run_bench"]
