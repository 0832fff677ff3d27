"""Tables in Markdown."""

from collections.abc import Sequence


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Write a table.

    Args:
        columns: Their names.
        rows: Cells as text.
        numbers: Whether all columns but the first are numbers, which stand to the right.
    """
    head = ["| " + " | ".join(columns) + " |"]
    head.append("|" + "|".join(["---", *["--:" if numbers else "---"] * (len(columns) - 1)]) + "|")
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])
