"""Classifiers on a folder of CSV tables with a column `Class`, next to results of other methods.

    python benchmarks/tables/run.py FOLDER --output docs/results/tables

Every method is tried on the same four stratified folds, on one thread; `--processes N` runs N trials at a time.
Finished trials are kept in `trials.csv`, so the same command resumes a killed run. `--renew METHOD` repeats the trials
of a method. If the folder has a `peers.csv` (a row per table, a column per method with its mean over the folds), the
page compares with it. `larger.py` makes a folder of tables with more than 1,000 rows.
"""

import argparse
import os
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path


def main() -> None:
    """Run the unfinished trials, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of CSV tables")
    parser.add_argument("--methods", help="comma-separated names or import paths; default: all names")
    parser.add_argument("--tables", help="comma-separated names; default: all tables of the folder")
    parser.add_argument(
        "--renew", action="append", default=[], metavar="METHOD", help="repeat the trials of this method"
    )
    parser.add_argument("--folds", type=int, default=4, help="number of the four folds to try")
    parser.add_argument("--test-rows", type=int, help="number of test rows to predict per fold; default: all")
    parser.add_argument("--processes", type=int, default=1, help="trials at a time, one thread each")
    parser.add_argument("--output", type=Path, default=Path("docs/results/tables"))
    options = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"  # before NumPy is imported

    from methods import METHODS
    from page import write_page
    from rich.progress import track
    from tables import FOLDS, load_peers, load_table, table_names
    from trials import Log, run_trial

    from gpicl.runs.worker import end_with_parent
    from gpicl.runtime import machine_description

    names = options.tables.split(",") if options.tables else table_names(options.folder)
    if not names:
        raise SystemExit(f"There are no CSV files in {options.folder}.")
    methods = options.methods.split(",") if options.methods else list(METHODS)
    options.output.mkdir(parents=True, exist_ok=True)
    log = Log(options.output / "trials.csv", renew=options.renew)
    left = [
        (name, method, fold)
        for method in methods
        for name in names
        for fold in range(options.folds)
        if (name, method, fold) not in log
    ]
    if options.processes == 1:
        for trial in track(left, "trials"):
            log.add(run_trial(options.folder, *trial, options.test_rows))
    else:
        with ProcessPoolExecutor(options.processes, get_context("spawn"), end_with_parent) as pool:
            pending = [pool.submit(run_trial, options.folder, *trial, options.test_rows) for trial in left]
            for future in track(as_completed(pending), "trials", total=len(left)):
                log.add(future.result())
    tables = [load_table(options.folder, name) for name in names]
    command = shlex.join(["python", *sys.argv])
    folds = f"{options.folds} of {FOLDS} stratified folds for every method: `StratifiedKFold({FOLDS}, shuffle=True,"
    folds += " random_state=0)`" + (f", at most {options.test_rows} test rows of each." if options.test_rows else ".")
    machine = f"{machine_description()}, {options.processes} process(es)"
    write_page(options.output, log.read(), tables, load_peers(options.folder), command, machine, folds)
    print(options.output / "README.md")


if __name__ == "__main__":
    main()
