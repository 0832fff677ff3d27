"""Tasks: a data set in, episodes out, as a pure function of (seed, task id, draw)."""

from gpicl.tasks.augmentor import TaskAugmentor, TaskKind
from gpicl.tasks.episodes import Episodes

__all__ = ["Episodes", "TaskAugmentor", "TaskKind"]
