"""`InContextClassifier` against tuned classifiers on small data.

    python benchmarks/classifier/run.py --data iris,wine,mnist=FILE --output docs/results/classifier

Splits are the same for all classifiers. Finished trials are kept in `--work`: the same command resumes a killed run,
and new weights only repeat their own trials. `--renew METHOD` repeats the trials of a method. `--processes N` runs N
trials at a time. For a machine without internet, `--pack FOLDER` writes the data sets as small files and prints the
option that reads them.
"""

import argparse
import os
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.progress import track

ALL = "iris,wine,breast_cancer,digits,mnist1d,mnist,fashion_mnist,kmnist,cifar10"


def main() -> None:
    """Run the unfinished trials, then write table, page and figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=ALL, help="comma-separated names or NAME=PATH")
    parser.add_argument(
        "--sizes", default="20,50,100,500", help="numbers of training rows; data sets that are too small skip them"
    )
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--weights", default="general", help="a shipped name, or the folder of a run")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--processes", type=int, default=1, help="trials at a time, one thread each")
    parser.add_argument("--work", type=Path, default=Path("runs/classifier"), help="folder of finished trials")
    parser.add_argument("--output", type=Path, default=Path("docs/results/classifier"))
    parser.add_argument(
        "--pack", type=Path, metavar="FOLDER", help="only write the data sets, for a machine without internet"
    )
    parser.add_argument(
        "--renew", action="append", default=[], metavar="METHOD", help="repeat the trials of this method"
    )
    options = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"  # before NumPy is imported, here and in the processes

    from competitors import competitors
    from datasets import load_table, pack
    from page import write_page
    from trials import Log, Trial, run_trial

    from gpicl.runs.worker import end_with_parent
    from gpicl.runtime import machine_description
    from gpicl.weights import find_weights, load_card

    if options.pack:
        print("--data", ",".join(pack(options.data.split(","), options.pack)))
        return
    version = load_card(find_weights(options.weights))["sha256"][:10] + f"x{options.members}"
    sizes = [int(size) for size in options.sizes.split(",")]
    trials = [
        Trial(name, size, split, method, options.weights, options.members, version if i == 0 else "")
        for name in options.data.split(",")
        for size in sizes
        if load_table(name).has_size(size)
        for split in range(options.splits)
        for i, method in enumerate(competitors(options.weights, options.members))
    ]
    options.work.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    log = Log(options.work / "trials.jsonl", options.renew)
    left = [trial for trial in trials if trial.key not in log.done]
    with ProcessPoolExecutor(options.processes, get_context("spawn"), end_with_parent) as pool:
        pending = [pool.submit(run_trial, trial) for trial in left]
        for future in track(as_completed(pending), f"{len(trials) - len(left):,} done before;", total=len(left)):
            log.add(future.result())
    command = shlex.join(["python", *sys.argv])
    machine = f"{machine_description()}, {options.processes} process(es) of one thread"
    machine += f"; weights `{options.weights}`, {options.members} members"
    write_page(options.output, [(trial, log.done[trial.key]) for trial in trials], command, machine)
    print(options.output / "README.md")


if __name__ == "__main__":
    main()
