"""A whole step of meta-training as one CUDA graph.

WHY: a step is hundreds of small kernels, and launching them from Python takes longer than running them. A graph holds
the forward and backward pass, the clipping, the optimiser, and the making of the next step's episodes, which runs in
parallel. Replaying it is a single launch, and nothing in it waits for the host.
"""

import warnings
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gpicl.tasks import Episodes, Interventions

# Number of steps run one operation at a time before one is captured. They create the optimiser's state, library handles
# and compiled kernels.
_WARM_UP = 3
_MOST_GRAPHS = 512


class Figures(NamedTuple):
    """Loss and late accuracy of a step's own batch, on the device."""

    loss: Tensor
    accuracy: Tensor


class StepPlan(NamedTuple):
    """Kind and interventions of a step.

    Attributes:
        kind: Steps of the same kind run the same operations on episodes of the same shapes.
        interventions: Interventions on the step's tasks.
    """

    kind: Hashable
    interventions: Interventions


def accumulated(
    episodes: Episodes, parts: int, learn: Callable[[Episodes], Figures], backward: Callable[[Tensor], object]
) -> tuple[Tensor, Figures]:
    """Process a batch in equal parts, one after another, and sum the gradients of all parts except the last.

    Args:
        episodes: Batch whose size is a multiple of `parts`.
        parts: Number of parts; 1 processes the batch at once, and leaves all gradients to the caller.
        learn: Computes the figures of a part, with a graph for gradients.
        backward: Adds the gradients of a part's share of the loss.

    Returns:
        The last part's share of the loss, for which the caller must add the gradients, and the figures of the whole
        batch.
    """
    if parts == 1:
        figures = learn(episodes)
        return figures.loss, figures
    size = len(episodes.labels) // parts
    shares: list[Figures] = []
    for i in range(parts):
        part = slice(i * size, (i + 1) * size)
        loss, accuracy = learn(Episodes(episodes.inputs[part], episodes.labels[part]))
        shares.append(Figures(loss / parts, accuracy / parts))
        if i < parts - 1:
            backward(shares[-1].loss)
    losses, accuracies = zip(*shares, strict=True)
    return losses[-1], Figures(torch.stack(losses).sum().detach(), torch.stack(accuracies).sum())


class CapturedStep:
    """Runs steps of meta-training, and captures a graph for each kind of step that occurs again.

    Args:
        batch: Number of episodes in a step.
        make: Makes the episodes of the given draws with the given interventions.
        learn: Computes the figures of a batch at a step, with a graph for gradients; it turns autocast on if needed.
        plan: Returns the plan of a step.
        optimiser: Optimiser, which is changed so that it can be captured.
        clip: Largest norm of the gradient; 0 for no clipping.
        device: Device of the learner and the tasks. On a CPU the same operations run without a graph.
        accumulate: Number of parts in which the batch is processed; see `accumulated`.
        randomness: Returns the state of the host's random numbers. Steps that change it are not captured, since a graph
            would repeat the same numbers; None if they never do.
    """

    def __init__(
        self,
        batch: int,
        make: Callable[[Tensor, Interventions], Episodes],
        learn: Callable[[Episodes, int], Figures],
        plan: Callable[[int], StepPlan],
        optimiser: Optimizer,
        clip: float,
        device: torch.device,
        accumulate: int = 1,
        randomness: Callable[[], object] | None = None,
    ) -> None:
        self._make, self._learn, self._plan = make, learn, plan
        self._optimiser, self._clip, self._device = optimiser, clip, device
        self._captures, self._accumulate = device.type == "cuda", accumulate
        self._randomness = randomness if randomness is not None else lambda: None
        self._draws = torch.arange(batch, device=device)
        self._strengths = torch.zeros(3, device=device)  # of the next step's interventions
        nothing = torch.empty(0, device=device)
        self._episodes = Episodes(nothing.view(0, 0, 0), nothing.view(0, 0).long())  # until the first step
        self._step: int | None = None
        self._taken = 0
        self._met: set[Hashable] = set()
        self._graphs: dict[Hashable, tuple[Any, Figures]] = {}
        self._pool: Any = None
        self._side = torch.cuda.Stream(device) if self._captures else None
        for group in optimiser.param_groups:
            # A tensor, which the schedule fills and the graph reads at every replay.
            group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32).to(device)
            if "capturable" in group:
                group["capturable"] = self._captures

    def __len__(self) -> int:
        """Return the number of episodes in a step."""
        return len(self._draws)

    def take(self, step: int) -> Figures:
        """Run one step. Call it outside of autocast, which would round gradients and the optimiser's products.

        Args:
            step: Number of steps done before. If it does not follow the previous call's, its episodes are made first.
        """
        this, following = self._plan(step), self._plan(step + 1)
        if self._step != step:
            self._draws.copy_(torch.arange(len(self._draws), device=self._device) + step * len(self._draws))
            self._set_strengths(this.interventions)
            made = self._make(self._draws, self._with_strengths(this.interventions))
            self._episodes = Episodes(made.inputs.clone(), made.labels.clone())
        self._set_strengths(following.interventions)
        key = (this.kind, following.interventions.num_classes)
        if key in self._graphs:
            graph, figures = self._graphs[key]
            graph.replay()
        elif self._captures and self._taken >= _WARM_UP and key in self._met and len(self._graphs) < _MOST_GRAPHS:
            figures = self._capture(key, step, following)
        else:
            before = self._randomness() if self._captures else None
            figures = self._operate(step, following)
            self._met.add(key)
            if self._captures and self._randomness() != before:
                self._operate_only("the learner draws random numbers on the CPU, which a graph would repeat")
        self._step, self._taken = step + 1, self._taken + 1
        return figures

    def _capture(self, key: Hashable, step: int, following: StepPlan) -> Figures:
        graph, reason = torch.cuda.CUDAGraph(), None
        try:
            with torch.cuda.device(self._device), torch.cuda.graph(graph, pool=self._pool):
                figures = self._operate(step, following)
        except RuntimeError as error:  # an operation cannot be captured, such as one that waits for the device
            reason = str(error).partition("\n")[0]
        if reason is not None:
            # Outside the handler: within it the error keeps the tensors of the attempt in memory.
            del graph
            self._optimiser.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
            self._operate_only(reason)
            return self._operate(step, following)
        self._pool = self._pool or graph.pool()
        self._graphs[key] = (graph, figures)
        graph.replay()
        return figures

    def _operate_only(self, reason: str) -> None:
        self._captures = False
        warnings.warn(f"Steps cannot be captured ({reason}); they run one operation at a time.", stacklevel=3)

    def _operate(self, step: int, following: StepPlan) -> Figures:
        self._draws.add_(len(self._draws))
        if self._side is not None:
            self._side.wait_stream(torch.cuda.current_stream(self._device))
            with torch.cuda.stream(self._side):
                made = self._make(self._draws, self._with_strengths(following.interventions))
        self._optimiser.zero_grad(set_to_none=True)
        last, figures = accumulated(self._episodes, self._accumulate, lambda part: self._learn(part, step), _backward)
        last.backward()
        if self._clip:
            parameters = [p for group in self._optimiser.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self._clip)
        self._optimiser.step()
        if self._side is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._side)
        else:
            made = self._make(self._draws, self._with_strengths(following.interventions))
        self._episodes.inputs.copy_(made.inputs)
        self._episodes.labels.copy_(made.labels)
        return Figures(figures.loss.detach(), figures.accuracy.detach())

    def _set_strengths(self, interventions: Interventions) -> None:
        for i, value in enumerate(interventions[:3]):
            self._strengths[i].fill_(float(value))

    def _with_strengths(self, interventions: Interventions) -> Interventions:
        """Return the same interventions with their strengths as tensors on the device, which a graph can read."""
        permutation, repetition, images = self._strengths.unbind()
        return interventions._replace(
            permutation_probability=permutation,
            repetition_probability=repetition if interventions.may_repeat else 0.0,
            repeated_images=images.long() if interventions.may_repeat else 1,
        )


def _backward(loss: Tensor) -> None:
    loss.backward()
