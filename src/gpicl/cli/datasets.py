"""`gpicl datasets`."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gpicl.cli.typed_command import run_typed_command


def main(arguments: list[str]) -> None:
    """Run the command."""

    def datasets() -> None:
        """List the data sets and their sources."""
        from gpicl.data import list_datasets

        table = Table(title="Data sets", box=SIMPLE_HEAD)
        for column in ("name", "shape", "train", "test", "licence", "where"):
            table.add_column(column, no_wrap=column not in ("licence", "where"))
        for info in list_datasets():
            table.add_row(
                f"[bold]{info.name}[/]" if info.available else info.name,
                "x".join(map(str, info.image_shape)),
                f"{info.num_train:,}",
                f"{info.num_test:,}",
                info.licence,
                info.where,
            )
        console = Console()
        console.print(table)
        console.print("Bold: available without a download. For your own files, give the path, or NAME=PATH.")

    run_typed_command(datasets, arguments)
