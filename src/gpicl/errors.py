"""Errors that a user can cause.

WHY one base class: the command line prints exactly these errors as one paragraph and exits with code 2. Anything else
is a bug in gpicl and keeps its traceback. Every message says what was wrong, what is accepted and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class GpiclError(ValueError):
    """Base class of all errors that user input can cause. A `ValueError`, so `except ValueError` catches it."""


class UnknownNameError(GpiclError):
    """An unknown name; the message suggests the closest known names."""

    def __init__(self, kind: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        known = sorted(known)
        spelled = {k.lower(): k for k in known}
        near = [spelled[k] for k in get_close_matches(name.lower(), spelled, n=3, cutoff=0.5)]
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(known)}. {remedy}".rstrip())


class DataError(GpiclError):
    """Images, labels or a data file that cannot be used."""


class TaskError(GpiclError):
    """An impossible task distribution: no tasks, too short a sequence, labels out of range."""


class LearnerError(GpiclError):
    """A learner that cannot be built, or that got episodes it cannot read."""


class ClassifierError(GpiclError):
    """Examples, labels or parameters that the classifier does not accept."""


class CheckpointError(GpiclError):
    """Weights or a checkpoint that are missing, truncated, or belong to another learner."""


class ConfigError(GpiclError):
    """A configuration with a misspelt key, a missing value or a value of the wrong type."""


class WriteError(GpiclError):
    """A file that cannot be written: the disk is full, or the folder is read-only."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Cannot write {path}: {reason.rstrip('.')}. Files written earlier are intact. Free some disk space and "
            "run the same command again to continue, or choose another folder with --output."
        )


class UnfinishedError(GpiclError):
    """Some runs of an experiment failed; all others have finished."""

    def __init__(self, failed: str) -> None:
        super().__init__(
            f"{failed} All others are done and saved; run the same command again to retry the failed ones."
        )


class DivergenceError(GpiclError):
    """Meta-training has diverged: its loss is NaN, infinite, far above guessing, or back at guessing."""


class Terminated(SystemExit):
    """The process received SIGTERM and stopped cleanly; its exit status is 143, as in a shell.

    Attributes:
        message: What was saved, and how to continue.
    """

    def __init__(self, message: str) -> None:
        super().__init__(143)
        self.message = message
