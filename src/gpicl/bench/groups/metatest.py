"""Meta-testing."""

from functools import partial

from gpicl.bench.cases import learner_case
from gpicl.bench.entries import Entry, measure_entries
from gpicl.bench.flops import forward_flops
from gpicl.bench.groups.tasks import batch_demand, random_images
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.metatesting import evaluate
from gpicl.tasks import TaskAugmentor

_LEARNERS = ("KernelTransformer", "TokenTransformer", "ValueTransformer")
# Batches of a step that are tested at once: without gradients twice as many fit.
_BATCHES = 2


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time `evaluate` on unseen tasks of the smallest images, tasks included."""
    scale = setting.scale
    dataset = random_images(*scale.images[0])
    tasks = TaskAugmentor(dataset, length=scale.length)
    episodes = 2 * _BATCHES * scale.batch
    entries = []
    for name in _LEARNERS:
        case = learner_case(name, scale)._replace(num_features=tasks.num_features)
        learner = case.build()
        making = batch_demand(tasks, episodes)
        flops = {**making.flops}
        flops[setting.kind] = flops.get(setting.kind, 0.0) + forward_flops(learner, episodes, scale.length)
        test = partial(
            evaluate,
            learner,
            {"images": dataset},
            episodes=episodes,
            length=scale.length,
            batch=_BATCHES * scale.batch,
            precision=setting.kind,
        )
        entries.append(Entry(name, timed(test), Demand(flops, making.normals, making.traffic), episodes, "episodes"))
    figures, _ = measure_entries("metatest", entries, setting, on_progress)
    return Measured(figures, [])
