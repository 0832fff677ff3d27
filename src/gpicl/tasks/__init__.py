"""Tasks: a data set in, episodes out, as a pure function of (seed, task id, draw)."""

from gpicl.tasks.augmentor import TaskAugmentor, TaskKind
from gpicl.tasks.episodes import Episodes
from gpicl.tasks.interventions import NO_INTERVENTION, Interventions
from gpicl.tasks.probability import check_probability

__all__ = ["NO_INTERVENTION", "Episodes", "Interventions", "TaskAugmentor", "TaskKind", "check_probability"]
