"""What an experiment shows, decided by rules."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One statement about a table, computed from it.

    Attributes:
        question: What was asked.
        found: What the table says.
        rule: How that was decided, so that anybody can decide it again.
        paper: What the paper says of it; empty where it says nothing.
        agrees: Whether the two agree; None where there is nothing to compare.
    """

    question: str
    found: str
    rule: str
    paper: str = ""
    agrees: bool | None = None
