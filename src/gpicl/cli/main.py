"""The command `gpicl`.

WHY commands are imported when they run: help should appear at once, and importing torch takes seconds.
"""

import signal
import sys
import threading
from importlib import import_module
from types import FrameType

from gpicl.errors import GpiclError, Terminated, UnknownNameError

COMMANDS = {
    "train": "Meta-train a learner, meta-test it, and write a report.",
    "evaluate": "Meta-test the learner of a run on data sets of your choice.",
    "compare": "Compare every learner on the same episodes, and write the table.",
    "reproduce": "Reproduce the figures of the paper, on a laptop or a cluster.",
    "classify": "Predict the rows of one CSV file from the labelled rows of another, without training.",
    "demo": "Serve a page where you teach a learner by drawing.",
    "export": "Write the learner of a run as a model for other programs.",
    "bench": "Measure how fast gpicl is on this machine, and how fast the machine could be.",
    "datasets": "List the data sets and their sources.",
}

_RESUMABLE = ("train", "evaluate", "compare", "reproduce")
_CONTINUE = "Run the same command again to continue."
_SMALLER = {
    "train": "Use fewer episodes at a time (training.batch, training.accumulate), or a smaller learner.",
    "evaluate": "Use fewer episodes at a time (--batch).",
    "compare": "Leave out large learners (--learners), or choose a smaller scale (--scale).",
    "reproduce": "Choose a smaller scale (--scale), or fewer runs at once (--workers).",
    "classify": "Use fewer members (--members), fewer rows, or another device (--device cpu).",
    "demo": "Choose another device (--device cpu), or smaller weights (--weights).",
    "bench": "Choose fewer groups (--only), or the smaller scale (--scale smoke).",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command-line arguments after `gpicl`; None for those of this process.

    Returns:
        Exit code: 0 for success, 2 for an error in the input, 130 if interrupted, 143 if terminated.
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
        _run(arguments[0], arguments[1:])
    except GpiclError as error:
        print(f"gpicl: {error}", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        from gpicl.runtime import is_out_of_memory

        if not is_out_of_memory(error):
            raise
        print(
            f"gpicl: out of memory: {' '.join(str(error).split())} {_SMALLER.get(arguments[0], '')}".strip(),
            file=sys.stderr,
        )
        return 2
    except OSError as error:
        from gpicl.files import FIXABLE, shortened

        if error.errno not in FIXABLE or error.filename is None:
            raise
        path = shortened(error.filename)
        print(f"gpicl: cannot use {path}: {error.strerror}. Check the path and its permissions.", file=sys.stderr)
        return 2
    except Terminated as stop:
        print(f"gpicl: {stop.message}", file=sys.stderr)
        return 143
    except KeyboardInterrupt as stop:
        message = str(stop) or (f"interrupted. {_CONTINUE}" if arguments[0] in _RESUMABLE else "interrupted.")
        print(f"\ngpicl: {message}", file=sys.stderr)
        return 130
    return 0


def _run(command: str, arguments: list[str]) -> None:
    """Run one command; if its work can be resumed, SIGTERM stops it cleanly."""
    if command not in _RESUMABLE or threading.current_thread() is not threading.main_thread():
        import_module(f"gpicl.cli.{command}").main(arguments)
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        import_module(f"gpicl.cli.{command}").main(arguments)
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(f"terminated. {_CONTINUE}")


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
            "Run gpicl COMMAND --help for the options of a command, gpicl --version for the version.",
            "To start: gpicl train --config quickstart",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
