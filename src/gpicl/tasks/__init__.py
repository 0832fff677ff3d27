"""Tasks: make episodes from a data set, as a pure function of (seed, task id, draw)."""

from gpicl.tasks.augmentor import EPISODES_VERSION, TaskAugmentor, TaskKind
from gpicl.tasks.episodes import Episodes
from gpicl.tasks.interventions import NO_INTERVENTION, Interventions, check_probability
from gpicl.tasks.widenings import WIDENINGS, Batch, Widening

__all__ = [
    "EPISODES_VERSION",
    "NO_INTERVENTION",
    "WIDENINGS",
    "Batch",
    "Episodes",
    "Interventions",
    "TaskAugmentor",
    "TaskKind",
    "Widening",
    "check_probability",
]
