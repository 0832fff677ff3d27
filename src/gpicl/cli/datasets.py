"""`gpicl datasets`."""

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gpicl.cli.typed_command import run_typed_command

_WIDTH = 200


def main(arguments: list[str]) -> None:
    """Run the command."""

    def datasets() -> None:
        """List the data sets and their sources."""
        from gpicl.data import list_datasets

        table = Table(title="Data sets", box=SIMPLE_HEAD)
        for column in ("name", "shape", "train", "test", "licence", "where"):
            table.add_column(column, no_wrap=column not in ("licence", "where"), overflow="fold")
        for info in list_datasets():
            table.add_row(
                Text(info.name, "bold" if info.available else ""),
                "x".join(map(str, info.image_shape)),
                f"{info.num_train:,}",
                f"{info.num_test:,}",
                Text(info.licence),
                Text(info.where),
            )
        # A pipe has no width, and paths should not be cut.
        console = Console(width=None if sys.stdout.isatty() else _WIDTH)
        console.print(table)
        console.print("Bold: available without a download. For your own files, give the path, or NAME=PATH.")

    run_typed_command(datasets, arguments)
