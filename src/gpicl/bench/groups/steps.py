"""A training step of every learner."""

from gpicl.bench.cases import Case, all_cases
from gpicl.bench.entries import Entry, measure_entries
from gpicl.bench.flops import forward_flops, step_flops
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.bench.training_step import TrainingStep
from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.optimisers import build_optimiser


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time forward, backward and Adam's step; where there is nothing to meta-train, the forward pass."""
    entries = [_entry(case, setting) for case in all_cases(setting.scale)]
    figures, _ = measure_entries("steps", entries, setting, on_progress)
    return Measured(figures, [])


def _entry(case: Case, setting: Setting) -> Entry:
    learner = case.build()
    trained = learner.num_parameters > 0
    flops = (step_flops if trained else forward_flops)(learner, case.batch, case.length)
    optimiser = build_optimiser(learner, TrainingConfig(optimiser="adam")) if trained else None
    width = f", d = {case.options['width']}" if "heads" in case.options else ""
    return Entry(
        f"{case.name}{width}, B = {case.batch}",
        timed(TrainingStep(learner, case.shape, setting, optimiser)),
        Demand({setting.kind: flops}),
        case.batch * case.length,
        "tokens",
    )
