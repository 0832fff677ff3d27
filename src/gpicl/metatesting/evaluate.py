"""Meta-testing: whatever answers episodes, on episodes that it has never seen."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from gpicl.data import Contents, FeatureDataset, contents_of
from gpicl.errors import TaskError
from gpicl.learners import Learner
from gpicl.metatesting.intervals import wilson_interval
from gpicl.runtime import Chunks, freed_memory_kept, lightning_precision
from gpicl.tasks import NO_INTERVENTION, Episodes, Interventions, TaskAugmentor, TaskKind

# Draws of a meta-test begin where no meta-training ever gets, so that a seen task shows other examples.
FIRST_DRAW = 2**40
"""First draw of every meta-test."""

Progress = Callable[[str, int, float], None]
Answers = tuple[Bool[Tensor, "B P"], Float[Tensor, "B P"]]


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
    positions: Sequence[int] | None = None,
    on_progress: Progress | None = None,
    on_outcomes: Callable[[str, TaskKind, np.ndarray], object] | None = None,
    trained: TaskAugmentor | None = None,
    interventions: Interventions = NO_INTERVENTION,
    on_note: Callable[[str], object] | None = None,
) -> pd.DataFrame:
    """Meta-test a learner.

    Args:
        learner: The learner, left in evaluation mode. Episodes are made and answered on its device.
        datasets: Data sets by the name that the table gives them.
        tasks: Kinds of task: `unseen`, `seen` (needs `num_tasks`), `identity` (the raw data set).
        episodes: Episodes per data set and kind.
        length: Examples T per episode.
        num_tasks: Number K of seen tasks that the learner was meta-trained on; not needed with `trained`.
        seed: Seed of the tasks; for `seen` without `trained` it must be that of the meta-training.
        batch: Episodes at once; halved whenever memory runs out. Changes nothing but time and memory.
        precision: See `TrainingConfig.precision`.
        positions: Positions to report, from 1 to `length`; None for all, which a learner that reads every position's
            context anew pays for with a pass each.
        on_progress: Called after every batch with the data set's name, the number of episodes done in all and the
            last position's accuracy so far.
        on_outcomes: Given the data set's name, the kind of tasks, and whether each episode's answer at each position
            was right [E, P]; see `save_outcomes`.
        trained: The tasks of the meta-training, with everything that widened them; the seen tasks are made by them,
            but for label noise. None: seen tasks are plain projections and permutations.
        interventions: What was done to the seen tasks of the meta-training when it ended.
        on_note: Called with a sentence when fewer episodes are taken at once; None issues a warning.

    Returns:
        One row per data set, kind of tasks and position: `dataset`, `tasks`, `position`, `accuracy`, `low` and
        `high` (95 % interval over episodes), `loss` (nats), `episodes`, `features` F of the projected inputs, `length`
        T, `image` (see `Contents`), `examples` that the episodes draw from (0 where each draws its own), `data` (hash
        of them), and the `seed` of the tasks. Accuracy after n examples stands at position n + 1.

    Raises:
        TaskError: If seen tasks are asked for without their number, a data set has more classes than the learner, a
            position lies outside the episode, or there is nothing to test.
        LearnerError: If the learner cannot read such episodes.
    """
    num_tasks = trained.num_tasks if trained is not None else num_tasks
    if "seen" in tasks and num_tasks is None:
        raise TaskError("Seen tasks exist only for a finite number of them: give num_tasks, or test on unseen ones.")
    check_counts(episodes, batch)
    if not tasks or not datasets:
        raise TaskError("There is nothing to test: name at least one data set and one kind of tasks.")
    positions = range(1, length + 1) if positions is None else check_positions(positions, length)
    device = next((x.device for x in chain(learner.parameters(), learner.buffers())), torch.device("cpu"))
    in_bf16 = lightning_precision(precision, device) == "bf16-mixed"
    learner.eval()

    def answer(episodes: Episodes) -> Answers:
        inputs, labels = episodes
        learner.check_episodes(inputs, labels)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=in_bf16):
            logits = learner.predict(inputs, labels, positions).float()
        asked = labels[:, [position - 1 for position in positions]]
        loss = F.cross_entropy(logits.flatten(0, 1), asked.flatten(), reduction="none")
        return logits.argmax(2) == asked, loss.view_as(asked)

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
            before = done

            def report(count: int, accuracy: float, name: str = name, before: int = before) -> None:
                if on_progress is not None:
                    on_progress(name, before + count, accuracy)

            made_by = source
            if trained is not None and kind == "seen":
                made_by = trained.on(dataset, length=length)
                made_by.device = device
            kept: list[Tensor] | None = None if on_outcomes is None else []
            with freed_memory_kept():
                table = answer_episodes(
                    answer, made_by, kind, positions, episodes, batch, report, interventions, kept, on_note
                )
            if on_outcomes is not None and kept is not None:
                on_outcomes(name, kind, torch.cat(kept).numpy())
            parts.append(table.assign(dataset=name)[["dataset", *table.columns]])
            done += episodes
    return pd.concat(parts, ignore_index=True)


def check_counts(episodes: int, batch: int) -> None:
    """Raise `TaskError` unless there is at least one episode, and one at once."""
    for name, value in (("episodes", episodes), ("batch", batch)):
        if value < 1:
            raise TaskError(f"{name} must be at least 1, not {value}.")


def check_positions(positions: Sequence[int], length: int) -> Sequence[int]:
    """Return positions that an episode has.

    Args:
        positions: From 1.
        length: Examples T of the episode.

    Raises:
        TaskError: If there are none, or one lies outside.
    """
    if not positions or not all(1 <= position <= length for position in positions):
        raise TaskError(f"positions must be some of 1 to {length}, not {list(positions)}.")
    return positions


def answer_episodes(
    answer: Callable[[Episodes], Answers],
    source: TaskAugmentor,
    kind: TaskKind,
    positions: Sequence[int],
    episodes: int,
    batch: int,
    on_progress: Callable[[int, float], None],
    interventions: Interventions = NO_INTERVENTION,
    outcomes: list[Tensor] | None = None,
    on_note: Callable[[str], object] | None = None,
) -> pd.DataFrame:
    """Put episodes of one kind to anything that can answer them, and count its right answers.

    Args:
        answer: Says of every episode and every one of the positions whether the answer was right, and its loss (nan
            where there is none).
        source: The tasks.
        kind: Which of them.
        positions: What `answer` answers, from 1.
        episodes: How many.
        batch: How many at once; halved whenever memory runs out.
        on_progress: Called after every batch with the episodes done and the last position's accuracy so far.
        interventions: What is done to seen tasks.
        outcomes: List to which the right answers [B, P] of every batch are added; None to keep none.
        on_note: Called with a sentence when fewer are taken at once; None issues a warning.

    Returns:
        One row per position; see `evaluate`.
    """
    right = torch.zeros(len(positions), dtype=torch.int64, device=source.device)
    loss = torch.zeros(len(positions), dtype=torch.float64, device=source.device)
    done = 0

    def answer_some(first: int, last: int) -> Answers:
        return answer(source.episodes(range(FIRST_DRAW + first, FIRST_DRAW + last), kind, interventions))

    for answers, losses in Chunks(batch, "episodes", on_note).work(episodes, answer_some):
        right += answers.sum(0)
        if outcomes is not None:
            outcomes.append(answers.cpu())
        loss += losses.sum(0)
        done += len(answers)
        on_progress(done, float(right[-1]) / done)
    counts = right.cpu().numpy()
    low, high = wilson_interval(counts, episodes)
    drawn_from = source.dataset
    contents = Contents("none", "features", source.num_features, 0) if drawn_from is None else contents_of(drawn_from)
    return pd.DataFrame(
        {
            "tasks": kind,
            "position": list(positions),
            "accuracy": counts / episodes,
            "low": low,
            "high": high,
            "loss": loss.cpu().numpy() / episodes,
            "episodes": episodes,
            "features": source.num_features,
            "length": source.length,
            "image": contents.image,
            "examples": contents.examples,
            "data": contents.digest,
            "seed": source.seed,
        }
    )
