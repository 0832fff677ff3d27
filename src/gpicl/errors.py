"""Errors that a user can cause, and how they are worded.

WHY one family: the command line turns exactly these into one paragraph and exit code 2; anything else is a bug of
ours and keeps its traceback. Every message says what was wrong, what is accepted and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class GpiclError(ValueError):
    """Base of every error that a user's input can cause. A `ValueError`, so that plain Python habits catch it."""


class UnknownNameError(GpiclError):
    """A name that is none of the known ones; the message offers the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        known = sorted(known)
        spelled = {k.lower(): k for k in known}
        near = [spelled[k] for k in get_close_matches(name.lower(), spelled, n=3, cutoff=0.5)]
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known)}. {remedy}".rstrip())


class DataError(GpiclError):
    """Images, labels or a data file that cannot be used as they are."""


class TaskError(GpiclError):
    """A task distribution that cannot exist: no tasks, a sequence too short, labels out of range."""


class LearnerError(GpiclError):
    """A learner that cannot be built, or was given episodes that it cannot read."""


class ClassifierError(GpiclError):
    """Examples, labels or parameters that the classifier cannot work with."""


class CheckpointError(GpiclError):
    """Weights or a checkpoint that are missing, truncated, or of another learner."""


class ConfigError(GpiclError):
    """A configuration with a misspelt key, a missing value or a value of the wrong kind."""


class WriteError(GpiclError):
    """A file that cannot be written: the disk is full, or the folder is not to be written to."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Cannot write {path}: {reason.rstrip('.')}. What was written before is whole. Make room, or choose "
            "another folder with --output; the same command goes on from there."
        )


class UnfinishedError(GpiclError):
    """Runs of an experiment that failed, after all others were done; the message ends with what to do."""

    def __init__(self, failed: str) -> None:
        super().__init__(f"{failed} All others are done and kept; the same command tries the failed ones again.")


class DivergenceError(GpiclError):
    """Meta-training whose loss is no longer a number."""


class Terminated(SystemExit):
    """A process that was asked to end (SIGTERM) and did, in good order; its exit status is 143, as the shell's.

    Attributes:
        message: What was kept, and how to go on.
    """

    def __init__(self, message: str) -> None:
        super().__init__(143)
        self.message = message
