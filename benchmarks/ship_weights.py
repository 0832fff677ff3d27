"""Make a run's weights part of the package: `python benchmarks/ship_weights.py RUN NAME --command C --limits L`.

The script copies the weights to `src/gpicl/weights/shipped/NAME`, with a card that gives their meta-training, the
command, their accuracies and their limits. Update the reference predictions afterwards:
`python tests/classifier/test_reference_predictions.py`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.report import accuracy_rows
from gpicl.weights import load_card, load_weights, save_weights

_SHIPPED = Path(__file__).parents[1] / "src" / "gpicl" / "weights" / "shipped"
_ABOUT_THE_FILE = ("format", "learner", "options", "parameters", "sha256")


def main() -> None:
    """Copy the weights and write their card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("name", help="name of the shipped weights, such as mnist")
    parser.add_argument("--command", required=True, help="the command that made the run")
    parser.add_argument("--limits", required=True, help="what the weights cannot do, in a sentence or two")
    options = parser.parse_args()
    described = {key: value for key, value in load_card(options.run).items() if key not in _ABOUT_THE_FILE}
    folder = _SHIPPED / options.name
    folder.mkdir(parents=True, exist_ok=True)
    path = save_weights(
        load_weights(options.run),
        folder,
        **described,
        command=options.command,
        limits=options.limits,
        accuracies=accuracies(options.run),
    )
    total = sum(file.stat().st_size for file in _SHIPPED.rglob("*") if file.is_file())
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; all shipped weights: {total / 1e6:.1f} of 10 MB")


def accuracies(run: Path) -> list[dict[str, Any]]:
    """Read the accuracies at the last position from the run's table, with 95 % intervals."""
    last = accuracy_rows(pd.read_csv(run / "results.csv"))
    columns = ["dataset", "tasks", "position", "accuracy", "low", "high", "episodes"]
    return json.loads(last[columns].round(4).to_json(orient="records"))


if __name__ == "__main__":
    main()
