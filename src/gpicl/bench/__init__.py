"""How fast everything is on the machine at hand, each figure beside what the machine could do at best."""

from gpicl.bench.comparison import compare
from gpicl.bench.figure import Figure
from gpicl.bench.groups import GROUPS
from gpicl.bench.results import Results, read_results, write_results
from gpicl.bench.run import run_bench

__all__ = ["GROUPS", "Figure", "Results", "compare", "read_results", "run_bench", "write_results"]
