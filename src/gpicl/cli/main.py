"""The command `gpicl`.

WHY nothing is imported up here: help should be there at once, and torch takes seconds.
"""

import sys
from importlib import import_module

from gpicl.errors import GpiclError, UnknownNameError

COMMANDS = {
    "train": "Meta-train a learner, meta-test it, and write a report.",
    "evaluate": "Meta-test the learner of a run on data sets of your choice.",
    "compare": "Compare every learner on the same episodes, and write the table.",
    "reproduce": "Reproduce the figures of the paper, on a laptop or a cluster.",
    "classify": "Predict the rows of a CSV file from those of another, with no training.",
    "demo": "Serve a page on which you teach a learner by drawing.",
    "export": "Write the learner of a run as a model for other programs.",
    "bench": "Measure how fast everything is on this machine, beside what it could do.",
    "datasets": "List the data sets and where each comes from.",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What stands behind `gpicl`; None takes it from the process.

    Returns:
        Exit code: 0 if all went well, 2 for an error of the user's, 130 if interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return 0
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"gpicl {version('gpicl')}")
        return 0
    try:
        if arguments[0] not in COMMANDS:
            raise UnknownNameError("command", arguments[0], COMMANDS, "See gpicl --help.")
        import_module(f"gpicl.cli.{arguments[0]}").main(arguments[1:])
    except GpiclError as error:
        print(f"gpicl: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ngpicl: interrupted. The same command resumes from the last checkpoint.", file=sys.stderr)
        return 130
    return 0


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: gpicl COMMAND [OPTIONS]",
            "",
            "General-purpose in-context learning by meta-learning.",
            "",
            "commands:",
            *lines,
            "",
            "gpicl COMMAND --help lists its options; gpicl --version prints the version.",
            "To begin: gpicl train --config quickstart",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
