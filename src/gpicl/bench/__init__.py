"""How fast everything is on the machine at hand, each figure beside what the machine could do at best."""

from gpicl.bench.figures import Figure, Results, compare, read_results, write_results
from gpicl.bench.groups import GROUPS
from gpicl.bench.run import run_bench

__all__ = ["GROUPS", "Figure", "Results", "compare", "read_results", "run_bench", "write_results"]
