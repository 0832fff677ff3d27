"""The interventions at every step of a run, which fade over `tasks.anneal_steps`."""

from gpicl.metatraining.config import RunConfig, TaskConfig
from gpicl.tasks import Interventions


def interventions_at(tasks: TaskConfig, step: int, num_classes: int | None = None) -> Interventions:
    """Return the interventions on seen tasks at a step.

    Args:
        tasks: Configuration of the tasks.
        step: Number of the step.
        num_classes: Number of labels at this step; None for all.
    """
    faded = min(1.0, step / tasks.anneal_steps) if tasks.anneal_steps else 0.0
    first = tasks.repeated_images if tasks.first_repeated_images is None else tasks.first_repeated_images
    return Interventions(
        permutation_probability=tasks.permutation_probability + (1.0 - tasks.permutation_probability) * faded,
        repetition_probability=tasks.repetition_probability * (1.0 - faded),
        repeated_images=round(first + (tasks.repeated_images - first) * faded),
        num_classes=num_classes,
    )


def last_step(config: RunConfig, steps: int = 0) -> int:
    """Return the number of a run's last step, which decides how far its interventions have faded.

    Args:
        config: Configuration of the run.
        steps: Number of steps that it was trained; 0 if it used its whole budget.
    """
    return config.training.first_number + (steps or config.training.max_steps or config.tasks.anneal_steps)
