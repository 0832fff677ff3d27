"""Speed of training, meta-testing and classifying on a device, compared with the device's peak rates."""

from gpicl.bench.groups import GROUPS
from gpicl.bench.report import Results, run_bench
from gpicl.bench.timing import Figure, Session

__all__ = ["GROUPS", "Figure", "Results", "Session", "run_bench"]
