"""The token Transformer beside somebody else's implementation of the same."""

from importlib.util import find_spec

import torch

from gpicl.bench.cases import CLASSES, Case, learner_case
from gpicl.bench.entries import Entry, measure_entries, times_as_fast
from gpicl.bench.flops import step_flops
from gpicl.bench.gpt2 import Gpt2
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.bench.training_step import TrainingStep
from gpicl.learners import Learner

# How GPT-2's attention and activation can be computed: first its defaults. The other activation is the same function in
# one piece.
_VARIANTS = {
    "sdpa": ("sdpa", "gelu_new"),
    "eager": ("eager", "gelu_new"),
    "sdpa, fused GELU": ("sdpa", "gelu_pytorch_tanh"),
    "eager, fused GELU": ("eager", "gelu_pytorch_tanh"),
}


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time training steps of both at two widths, in turn, with the same batch and optimiser.

    GPT-2 is timed in our precision in every variant, and as it comes: with its defaults, in float32.
    """
    if find_spec("transformers") is None:
        return Measured([], ["GPT-2 is left out, as transformers is not installed (pip install transformers)."])
    scale = setting.scale
    case = learner_case("TokenTransformer", scale)
    contests = {
        f"d = {size['width']}": _contest(case._replace(options=size), setting)
        for size in (scale.transformer, scale.wide)
    }
    entries = [entry for contest in contests.values() for entry in contest]
    figures, samples = measure_entries("gpt2", entries, setting, on_progress)
    milliseconds = {figure.name: figure.value for figure in figures}
    for size, (ours, as_it_comes, *others) in contests.items():
        fastest = min(others, key=lambda entry: milliseconds[entry.name])
        for rival, entry in (("GPT-2 as it comes", as_it_comes), ("the fastest GPT-2", fastest)):
            name = f"TokenTransformer beside {rival}, {size}"
            figures.append(times_as_fast("gpt2", name, samples[ours.name], samples[entry.name]))
    return Measured(figures, [])


def _contest(case: Case, setting: Setting) -> list[Entry]:
    """Ours, GPT-2 as it comes, and GPT-2 in our precision in every variant."""
    options = case.options
    size = (case.num_features, CLASSES, case.length, options["layers"], options["width"], options["heads"])
    learner = case.build()
    flops = step_flops(learner, case.batch, case.length)
    in_float32 = setting._replace(kind="fp32")
    models: dict[str, tuple[Learner, Setting]] = {
        "TokenTransformer": (learner, setting),
        "GPT-2 (as it comes, fp32)": (Gpt2(*size, *_VARIANTS["sdpa"]), in_float32),
        **{f"GPT-2 ({name})": (Gpt2(*size, *variant), setting) for name, variant in _VARIANTS.items()},
    }
    entries = []
    for name, (model, its_setting) in models.items():
        step = TrainingStep(model, case.shape, its_setting, torch.optim.AdamW(model.parameters(), fused=True))
        tokens = case.batch * case.length
        demand = Demand({its_setting.kind: flops})
        entries.append(Entry(f"{name}, d = {options['width']}", timed(step), demand, tokens, "tokens"))
    return entries
