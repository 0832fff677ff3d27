"""The token Transformer beside somebody else's implementation of the same."""

from importlib.util import find_spec

import torch
from torch import nn

from gpicl.bench.cases import Case, learner_case
from gpicl.bench.entries import Entry, measure_entries, times_as_fast
from gpicl.bench.flops import step_flops
from gpicl.bench.gpt2 import Gpt2
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.bench.training_step import TrainingStep

# How GPT-2's attention and activation can be computed. The defaults are `sdpa` and `gelu_new`; the other activation is
# the same function in one piece.
_VARIANTS = {
    "sdpa": ("sdpa", "gelu_new"),
    "eager": ("eager", "gelu_new"),
    "sdpa, fused GELU": ("sdpa", "gelu_pytorch_tanh"),
    "eager, fused GELU": ("eager", "gelu_pytorch_tanh"),
}


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time training steps of both at two widths, in turn: the same batch, precision and optimiser."""
    if find_spec("transformers") is None:
        return Measured([], ["GPT-2 is left out, as transformers is not installed (pip install transformers)."])
    scale = setting.scale
    case = learner_case("TokenTransformer", scale)
    contests = {
        f"TokenTransformer beside the fastest GPT-2, d = {size['width']}": _contest(
            case._replace(options=size), setting
        )
        for size in (scale.transformer, scale.wide)
    }
    entries = [entry for contest in contests.values() for entry in contest]
    figures, samples = measure_entries("gpt2", entries, setting, on_progress)
    milliseconds = {figure.name: figure.value for figure in figures}
    for name, (ours, *theirs) in contests.items():
        fastest = min(theirs, key=lambda entry: milliseconds[entry.name])
        figures.append(times_as_fast("gpt2", name, samples[ours.name], samples[fastest.name]))
    return Measured(figures, [])


def _contest(case: Case, setting: Setting) -> list[Entry]:
    """Ours, then GPT-2 in every variant."""
    learner, options = case.build(), case.options
    demand = Demand({setting.kind: step_flops(learner, case.batch, case.length)})
    models: dict[str, nn.Module] = {"TokenTransformer": learner}
    for name, (attention, activation) in _VARIANTS.items():
        size = (case.num_features, case.length, options["layers"], options["width"], options["heads"])
        models[f"GPT-2 ({name})"] = Gpt2(*size, attention, activation)
    entries = []
    for name, model in models.items():
        step = TrainingStep(model, case.shape, setting, torch.optim.AdamW(model.parameters(), fused=True))
        tokens = case.batch * case.length
        entries.append(Entry(f"{name}, d = {options['width']}", timed(step), demand, tokens, "tokens"))
    return entries
