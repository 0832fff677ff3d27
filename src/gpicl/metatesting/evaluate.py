"""Meta-testing: a frozen learner on episodes that it has never seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import pandas as pd
import torch
from torch.nn import functional as F

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError
from gpicl.learners import Learner
from gpicl.metatesting.intervals import wilson_interval
from gpicl.metatraining.precision import lightning_precision
from gpicl.tasks import TaskAugmentor, TaskKind

# Draws of a meta-test begin where no meta-training ever gets, so that a seen task shows other examples.
_FIRST_DRAW = 2**40


def evaluate(
    learner: Learner,
    datasets: Mapping[str, FeatureDataset],
    *,
    tasks: Sequence[TaskKind] = ("unseen",),
    episodes: int = 4096,
    length: int = 100,
    num_tasks: int | None = None,
    seed: int = 0,
    batch: int = 128,
    precision: Literal["auto", "bf16", "fp32"] = "auto",
    on_progress: Callable[[str, int, float], None] | None = None,
) -> pd.DataFrame:
    """Meta-test a learner.

    Args:
        learner: The learner; on any device, left in evaluation mode.
        datasets: Data sets by the name that the table gives them.
        tasks: Kinds of task: `unseen`, `seen` (needs `num_tasks`), `identity` (the raw data set).
        episodes: Episodes per data set and kind.
        length: Examples T per episode.
        num_tasks: Number K of seen tasks that the learner was meta-trained on.
        seed: Seed of the tasks; for `seen` it must be that of the meta-training.
        batch: Episodes at once. Changes nothing but time and memory.
        precision: See `TrainingConfig.precision`.
        on_progress: Called after every batch with the data set's name, the number of episodes done in all and the
            last position's accuracy so far.

    Returns:
        One row per data set, kind of tasks and position 1..T: `dataset`, `tasks`, `position`, `accuracy`, `low` and
        `high` (95 % interval over episodes), `loss` (nats), `episodes`. Accuracy after n examples stands at position
        n + 1.

    Raises:
        TaskError: If seen tasks are asked for without their number, or a data set has more classes than the learner.
        LearnerError: If the learner cannot read such episodes.
    """
    if "seen" in tasks and num_tasks is None:
        raise TaskError("Seen tasks exist only for a finite number of them: give num_tasks, or test on unseen ones.")
    device = next((p.device for p in learner.parameters()), torch.device("cpu"))
    in_bf16 = lightning_precision(precision, device) == "bf16-mixed"
    learner.eval()
    parts = []
    done = 0
    for name, dataset in datasets.items():
        source = TaskAugmentor(
            dataset,
            num_tasks=num_tasks,
            length=length,
            num_features=learner.num_features,
            num_classes=learner.num_classes,
            seed=seed,
            device=device,
        )
        for kind in tasks:
            right = torch.zeros(length, dtype=torch.int64, device=device)
            loss = torch.zeros(length, dtype=torch.float64, device=device)
            for first in range(0, episodes, batch):
                count = min(batch, episodes - first)
                start = _FIRST_DRAW + first
                inputs, labels = source.episodes(range(start, start + count), kind)
                learner.check_episodes(inputs, labels)
                with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=in_bf16):
                    logits = learner(inputs, labels).float()
                right += (logits.argmax(2) == labels).sum(0)
                loss += F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels).sum(0)
                done += count
                if on_progress is not None:
                    on_progress(name, done, float(right[-1]) / (first + count))
            parts.append(_table(name, kind, right.cpu(), loss.cpu(), episodes))
    return pd.concat(parts, ignore_index=True)


def _table(name: str, kind: str, right: torch.Tensor, loss: torch.Tensor, episodes: int) -> pd.DataFrame:
    low, high = wilson_interval(right.numpy(), episodes)
    return pd.DataFrame(
        {
            "dataset": name,
            "tasks": kind,
            "position": range(1, len(right) + 1),
            "accuracy": right.numpy() / episodes,
            "low": low,
            "high": high,
            "loss": loss.numpy() / episodes,
            "episodes": episodes,
        }
    )
